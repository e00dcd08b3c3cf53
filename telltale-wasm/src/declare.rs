//! The interface of a protocol as TypeScript declares it: a type for each role, whose objects the machine asks and tells.

use std::fmt::Write;

use telltale_syntax::ast::Docs;
use telltale_syntax::interface::{ChoiceInterface, Interface, LabelInterface, Method, Variant};
use telltale_types::RoleId;

use crate::methods::unraw;
use crate::names::camel;
use crate::shape::Shape;

/// Who reads a payload: what is given may be more than what is received.
#[derive(Clone, Copy)]
enum Way {
    /// A role gives it.
    Given,
    /// A role receives it.
    Received,
}

/// A module that declares the roles of a protocol, with `package` as the name of this package.
///
/// ```
/// let analysis = telltale_syntax::analyse_str("protocol Ping(Alice, Bob) { Alice -> Bob: Ping(u64); }");
/// let declared = telltale_wasm::declare::module("Ping", &analysis.protocols[0].interface, "telltale-wasm");
/// assert!(declared.contains("onPing(payload: bigint, cx: telltale.Context): telltale.Answer<void>;"));
/// ```
pub fn module(protocol: &str, interface: &Interface, package: &str) -> String {
    let package = serde_json::Value::from(package);
    let mut text = format!(
        "// The roles of `{protocol}`, as `Protocol.declarations` writes them.\n\n\
         import type * as telltale from {package};\n",
    );
    for role in 0..interface.roles.len() {
        self::role(interface, RoleId::at(role), &mut text);
    }
    for choice in interface.choices.iter().filter(|choice| choice.like.is_none()) {
        self::choice(interface, choice, &mut text);
    }
    text +=
        "\n/** An object for each role: `vm.open(protocol, roles)`. */\nexport interface Roles {\n";
    for role in &interface.roles {
        let name = unraw(&role.name.to_string());
        text.extend(["  ", &name, ": ", &name, ";\n"]);
    }
    text + "}\n"
}

fn role(interface: &Interface, id: RoleId, text: &mut String) {
    let role = &interface.roles[id.index()];
    let name = unraw(&role.name.to_string());
    text.push('\n');
    docs(&role.docs, "", text);
    if let Some(model) = role.like {
        let model = unraw(&interface.roles[model.index()].name.to_string());
        text.extend(["export type ", &name, " = ", &model, ";\n"]);
        return;
    }
    text.extend(["export interface ", &name, " {\n"]);
    for method in &role.order {
        self::method(interface, id, *method, text);
    }
    text.push_str("}\n");
}

fn method(interface: &Interface, role: RoleId, method: Method, text: &mut String) {
    let own = &interface.roles[role.index()];
    let label = |id: telltale_types::LabelId| &interface.labels[id.index()];
    let names = |roles: &[RoleId]| {
        let names = roles.iter().map(|role| interface.roles[role.index()].name.to_string());
        names.map(|name| unraw(&name)).collect::<Vec<_>>().join(", ")
    };
    match method {
        Method::Send(at) => {
            let send = &own.sends[at];
            let to = format!("`{}` to {}.", shown(label(send.label)), names(&send.peers));
            docs_and(&send.docs, &to, text);
            let name = camel(&send.name.to_string());
            let gives = ty(label(send.label), Way::Given);
            let optional = if label(send.label).payload.is_unit() { "?" } else { "" };
            line(
                text,
                format_args!("{name}{optional}(cx: telltale.Context): telltale.Answer<{gives}>"),
            );
        }
        Method::Receive(at) => {
            let receive = &own.receives[at];
            let from = format!("`{}` from {}.", shown(label(receive.label)), names(&receive.peers));
            docs_and(&receive.docs, &from, text);
            let name = camel(&receive.name.to_string());
            let takes = ty(label(receive.label), Way::Received);
            line(
                text,
                format_args!(
                    "{name}(payload: {takes}, cx: telltale.Context): telltale.Answer<void>"
                ),
            );
        }
        Method::Choice(at) => {
            let choice = &interface.choices[at];
            docs(&choice.docs, "  ", text);
            let (name, gives) =
                (camel(&choice.method.to_string()), unraw(&choice.name.to_string()));
            line(text, format_args!("{name}(cx: telltale.Context): telltale.Answer<{gives}>"));
        }
    }
}

fn choice(interface: &Interface, choice: &ChoiceInterface, text: &mut String) {
    let name = unraw(&choice.name.to_string());
    text.push('\n');
    docs(&choice.docs, "", text);
    text.extend(["export type ", &name, " ="]);
    for variant in &choice.variants {
        text.push('\n');
        docs(&variant.docs, "  ", text);
        text.extend(["  | ", &self::variant(interface, variant)]);
    }
    text.push_str(";\n");
}

/// `"Decline"`, or `{ Accept: { address: string } }`
fn variant(interface: &Interface, variant: &Variant) -> String {
    let label = &interface.labels[variant.label.index()];
    let name = unraw(&variant.name.to_string());
    if label.payload.is_unit() {
        return format!("\"{name}\"");
    }
    format!("{{ {name}: {} }}", ty(label, Way::Given))
}

fn shown(label: &LabelInterface) -> String {
    let name = label.name.to_string();
    telltale_types::LabelView { name: &name, payload: &label.text }.to_string()
}

fn ty(label: &LabelInterface, way: Way) -> String {
    match Shape::of(&label.text) {
        Shape::Unit => "void".to_owned(),
        shape => of_shape(&shape, way),
    }
}

fn of_shape(shape: &Shape, way: Way) -> String {
    match shape {
        Shape::Unit => "undefined".to_owned(),
        Shape::Bool => "boolean".to_owned(),
        Shape::Int(int) => match (int.is_number(), way) {
            (true, _) => "number",
            (false, Way::Given) => "number | bigint",
            (false, Way::Received) => "bigint",
        }
        .to_owned(),
        Shape::Float => "number".to_owned(),
        Shape::Char | Shape::Text => "string".to_owned(),
        Shape::Bytes => "Uint8Array".to_owned(),
        Shape::List(of) => format!("({})[]", of_shape(of, way)),
        Shape::Maybe(of) => format!("{} | undefined", of_shape(of, way)),
        Shape::Tuple(types) => {
            let types = types.iter().map(|of| of_shape(of, way));
            format!("[{}]", types.collect::<Vec<_>>().join(", "))
        }
        Shape::Record(fields) => {
            let field = |(name, of): &(String, Shape)| format!("{name}: {}", of_shape(of, way));
            format!("{{ {} }}", fields.iter().map(field).collect::<Vec<_>>().join("; "))
        }
        // Whoever receives it knows what it is: the protocol's author.
        Shape::Any => "any".to_owned(),
    }
}

fn line(text: &mut String, method: std::fmt::Arguments<'_>) {
    writeln!(text, "  {method};").expect("a text takes everything");
}

/// Documentation, with a line of our own behind it.
fn docs_and(docs: &Docs, line: &str, text: &mut String) {
    let own = docs.lines.iter().map(|line| line.trim());
    let between = (!docs.is_empty()).then_some("");
    comment(&own.chain(between).chain([line]).collect::<Vec<_>>(), "  ", text);
}

fn docs(docs: &Docs, indent: &str, text: &mut String) {
    let lines: Vec<&str> = docs.lines.iter().map(|line| line.trim()).collect();
    comment(&lines, indent, text);
}

fn comment(lines: &[&str], indent: &str, text: &mut String) {
    match lines {
        [] => {}
        [line] => text.extend([indent, "/** ", &harmless(line), " */\n"]),
        lines => {
            text.extend([indent, "/**\n"]);
            for line in lines {
                text.extend([format!("{indent} * {}", harmless(line)).trim_end(), "\n"]);
            }
            text.extend([indent, " */\n"]);
        }
    }
}

/// What ends no comment.
fn harmless(text: &str) -> String {
    text.replace("*/", "*\\/")
}
