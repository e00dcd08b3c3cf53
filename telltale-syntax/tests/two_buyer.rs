//! The protocol of the language reference, from text to names.

use telltale_syntax::interface::{
    Interface, Method, Parameter, ReceiveMethod, SendMethod, Variant,
};
use telltale_syntax::{Analysed, analyse_str};

/// The protocol of the examples, which is read at run time there as well.
const TWO_BUYER: &str = include_str!("../../examples/protocols/two_buyer.txt");

fn two_buyer() -> Analysed {
    let mut analysis = analyse_str(TWO_BUYER);
    assert!(analysis.diagnostics.is_empty(), "{:?}", analysis.diagnostics);
    analysis.protocols.remove(0)
}

#[test]
fn the_tree_prints_what_was_written() {
    assert_eq!(
        analyse_str(TWO_BUYER).ast.to_string(),
        format!("{TWO_BUYER}\n").replace("\n\n", "\n")
    );
}

#[test]
fn the_global_type_is_a_graph() {
    let lowered = two_buyer().lowered.expect("there are no mistakes");
    insta::assert_snapshot!(lowered.global);
}

#[test]
fn every_step_knows_its_statement() {
    let lowered = two_buyer().lowered.expect("there are no mistakes");
    let mut lines = Vec::new();
    for state in lowered.global.states() {
        if let Some(choice) = lowered.source.choice(state) {
            lines.push(format!("{state}: {}", choice.choice.quote));
        }
        for (at, exit) in lowered.global.exits(state).enumerate() {
            let step = lowered.source.step(state, at).expect("every exit has a step");
            lines.push(format!("{state} to {}: {}", exit.target, step.message.quote));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn labels_name_methods_and_branches_name_choices() {
    insta::assert_snapshot!(describe(&two_buyer().interface));
}

fn send(interface: &Interface, method: &SendMethod) -> String {
    let label = &interface.labels[method.label.index()];
    let (name, ty) = (&method.name, label.ty());
    let default = if label.payload.is_unit() { " { }" } else { "" };
    let to = |to| format!("\n    fn {to}(&mut self, to: Role) -> {ty} {{ self.{name}() }}");
    let by_peer = method.to.as_ref().map(to).unwrap_or_default();
    format!("    fn {name}(&mut self) -> {ty}{default}{by_peer}")
}

fn receive(method: &ReceiveMethod) -> String {
    let parameter = |one: &Parameter| format!(", {}: {}", one.name, one.ty);
    let parameters: Vec<String> = method.parameters.iter().map(parameter).collect();
    let parameters = parameters.concat();
    let from = |from| format!("\n    fn {from}(&mut self, from: Role{parameters}) {{ … }}");
    let by_peer = method.from.as_ref().map(from).unwrap_or_default();
    format!("    fn {}(&mut self{parameters}){by_peer}", method.name)
}

/// The interface as the Rust that would be generated from it, roughly.
fn describe(interface: &Interface) -> String {
    let mut lines = vec![format!("mod {}", interface.module)];
    for role in &interface.roles {
        lines.push(format!("trait {} ({})", role.name, role.argument));
        lines.extend(role.order.iter().map(|method| match *method {
            Method::Send(at) => send(interface, &role.sends[at]),
            Method::Receive(at) => receive(&role.receives[at]),
            Method::Choice(at) => {
                let choice = &interface.choices[at];
                format!("    fn {}(&mut self) -> {}", choice.method, choice.name)
            }
        }));
    }
    lines.extend(interface.choices.iter().map(|choice| {
        let name = |variant: &Variant| variant.name.to_string();
        let variants: Vec<String> = choice.variants.iter().map(name).collect();
        format!("enum {} {{ {} }}", choice.name, variants.join(", "))
    }));
    let structs = interface.labels.iter().filter(|label| label.has_struct);
    lines.extend(structs.map(|label| format!("struct {} {}", label.name, label.text)));
    lines.join("\n")
}
