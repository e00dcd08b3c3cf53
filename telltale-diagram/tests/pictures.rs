//! Pictures of protocols: as snapshots, and what holds for all of them, whatever their names are.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use telltale_diagram::{Edge, Frame, FrameKind, Item, Node, Page, Sequence, StateGraph};
use telltale_syntax::Projected;
use unicode_width::UnicodeWidthStr;

const JOB: &str = "
protocol Job(Client, Server, Log) {
    Client -> Server: Submit { name: String, size: u64 };
    'progress: loop {
        choice How at Server {
            Server -> Client: Percent(u8);
        } or {
            Server -> Client: Done(Vec<u8>);
            break;
        }
    }
    par {
        Client -> Log: Stop;
    } and {
        Server -> Log: Stop;
        Log -> Server: Noted;
    }
}";

/// The sequence of a protocol and what its roles do, if it is sound.
fn read(text: &str) -> Vec<(Sequence, Option<Projected>)> {
    let analysis = telltale_syntax::analyse_str(text);
    let one =
        |(ast, protocol)| (Sequence::of_protocol(ast), telltale_syntax::project(protocol).ok());
    analysis.ast.protocols.iter().zip(&analysis.protocols).map(one).collect()
}

fn job() -> (Sequence, Projected) {
    let (sequence, projected) = read(JOB).swap_remove(0);
    (sequence, projected.expect("the protocol is sound"))
}

/// The texts of a picture from top to bottom, each element on a line of its own.
fn on_lines(svg: &str) -> String {
    svg.replace('>', ">\n").replace("\n</", "</")
}

#[test]
fn a_sequence() {
    let (sequence, _) = job();
    insta::assert_snapshot!("sequence.mmd", sequence.mermaid());
    insta::assert_snapshot!("sequence.txt", sequence.text());
    insta::assert_snapshot!("sequence.svg", on_lines(&sequence.svg(Page::File)));
}

#[test]
fn the_part_of_a_role() {
    let (_, job) = job();
    let server = StateGraph::of_local("Server", &job.locals["Server"]);
    insta::assert_snapshot!("states.mmd", server.mermaid());
    insta::assert_snapshot!("states.dot", server.dot());
    insta::assert_snapshot!("states.svg", on_lines(&server.svg(Page::Inline)));
}

#[test]
fn the_whole_protocol() {
    let (_, job) = job();
    insta::assert_snapshot!("global.dot", StateGraph::of_global("Job", &job.global).dot());
}

fn corpus() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance");
    let folders = ["corpus", "lanes"].map(|folder| std::fs::read_dir(root.join(folder)));
    let files = folders.into_iter().flat_map(|folder| folder.expect("the corpus is there"));
    files.map(|file| file.expect("it can be read").path()).collect()
}

/// Each message of a protocol is a text in its picture, and each arrow of a state diagram as well.
#[test]
fn nothing_is_left_out() {
    let mut count = 0;
    for path in corpus() {
        let text = std::fs::read_to_string(&path).expect("it can be read");
        for (sequence, projected) in read(&text) {
            let svg = sequence.svg(Page::File);
            let texts = texts(&svg);
            for label in labels(&sequence.items) {
                assert!(texts.contains(&shown(&label)), "{}: {label}", path.display());
            }
            for (role, local) in projected.iter().flat_map(|projected| &projected.locals) {
                let graph = StateGraph::of_local(role, local);
                let svg = graph.svg(Page::File);
                let texts = self::texts(&svg);
                for edge in graph.edges.iter().filter(|edge| !edge.text.is_empty()) {
                    assert!(texts.contains(&shown(&edge.text)), "{}: {edge:?}", path.display());
                }
            }
            count += 1;
        }
    }
    assert!(count > 100, "{count}");
}

fn labels(items: &[Item]) -> Vec<String> {
    let of_item = |item: &Item| match item {
        Item::Message { text, .. } | Item::Note { text, .. } | Item::Jump(text) => {
            vec![text.clone()]
        }
        Item::Frame(frame) => frame.sections.iter().flat_map(|section| labels(section)).collect(),
    };
    items.iter().flat_map(of_item).collect()
}

fn texts(svg: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(svg).expect("it is XML");
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    texts.filter_map(|node| node.text().map(ToOwned::to_owned)).collect()
}

/// A long text ends with dots.
fn shown(text: &str) -> String {
    if text.chars().count() <= 48 {
        return text.to_owned();
    }
    text.chars().take(47).chain(['…']).collect()
}

fn sequences() -> impl Strategy<Value = Sequence> {
    let names = prop::collection::vec(".{0,12}", 2..5);
    names.prop_flat_map(|roles| {
        let count = roles.len();
        let message = (0..count, 0..count, ".{0,60}")
            .prop_map(|(from, to, text)| Item::message(from, to, text));
        let note = (0..count, ".{0,60}")
            .prop_map(move |(last, text)| Item::Note { roles: (0, last), text });
        let leaf = prop_oneof![4 => message, 1 => note, 1 => ".{0,20}".prop_map(Item::Jump)];
        let item = leaf.prop_recursive(3, 24, 4, |inner| {
            let sections = prop::collection::vec(prop::collection::vec(inner, 0..4), 1..4);
            let kinds =
                prop::sample::select(vec![FrameKind::Choice, FrameKind::Loop, FrameKind::Par]);
            (kinds, ".{0,20}", sections)
                .prop_map(|(kind, title, sections)| Item::Frame(Frame { kind, title, sections }))
        });
        let items = prop::collection::vec(item, 0..6);
        (".{0,20}", items).prop_map(move |(title, items)| Sequence {
            title,
            roles: roles.clone(),
            items,
        })
    })
}

fn graphs() -> impl Strategy<Value = StateGraph> {
    let kinds = vec![
        Node::State { may_end: false },
        Node::State { may_end: true },
        Node::End,
        Node::Fork,
        Node::Join,
    ];
    let nodes = prop::collection::vec(prop::sample::select(kinds), 1..8);
    nodes.prop_flat_map(|nodes| {
        let count = nodes.len();
        let edge = (0..count, 0..count, ".{0,60}", any::<bool>())
            .prop_map(|(from, to, text, is_faint)| Edge { from, to, text, is_faint });
        (".{0,20}", prop::collection::vec(edge, 0..10)).prop_map(move |(title, edges)| StateGraph {
            title,
            nodes: nodes.clone(),
            edges,
        })
    })
}

/// Whether each text lies inside of the picture, from its first character to its last.
fn is_inside(svg: &str) -> bool {
    let document = roxmltree::Document::parse(svg).expect("it is XML");
    let number = |node: roxmltree::Node<'_, '_>, name| {
        node.attribute(name).and_then(|it| it.parse::<f64>().ok()).expect("it is a number")
    };
    let root = document.root_element();
    let (width, height) = (number(root, "width"), number(root, "height"));
    document.descendants().filter(|node| node.has_tag_name("text")).all(|text| {
        let long = f64::from(text.text().unwrap_or_default().width() as u32) * 7.8;
        let before = if text.attribute("text-anchor").is_some() { long / 2.0 } else { 0.0 };
        let (left, y) = (number(text, "x") - before, number(text, "y"));
        left > -4.1 && left + long < width - 3.9 && (0.0..height).contains(&y)
    })
}

proptest! {
    /// Whatever somebody calls things, the picture is XML without line breaks, and says all of it to those who cannot see it.
    #[test]
    fn sequences_are_well_formed(sequence in sequences()) {
        for page in [Page::File, Page::Inline] {
            let svg = sequence.svg(page);
            prop_assert!(!svg.contains('\n'));
            prop_assert!(is_inside(&svg), "{svg}");
            prop_assert_eq!(&svg, &sequence.svg(page));
        }
    }

    /// No name can add a line or end a frame.
    #[test]
    fn mermaid_has_a_line_for_each_thing(sequence in sequences()) {
        let text = sequence.mermaid();
        let lines: Vec<&str> = text.lines().collect();
        prop_assert_eq!(lines.len(), 1 + sequence.roles.len() + lines_of(&sequence.items));
        let ends = lines.iter().filter(|line| line.trim() == "end").count();
        prop_assert_eq!(ends, frames(&sequence.items));
    }

    /// A line for each thing, after the names of the roles, and each text is there.
    #[test]
    fn text_has_a_line_for_each_thing(sequence in sequences()) {
        let text = sequence.text();
        let lines = text.split_terminator('\n').count();
        prop_assert_eq!(lines, 1 + lines_of(&sequence.items));
        for label in labels(&sequence.items) {
            let label: String = label.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect();
            prop_assert!(text.contains(label.trim_end()), "{text}");
        }
    }

    #[test]
    fn dot_has_a_line_for_each_arrow(graph in graphs()) {
        let dot = graph.dot();
        let arrows = dot.lines().filter(|line| line.starts_with("    s") && line.contains(" -> s"));
        prop_assert_eq!(arrows.count(), graph.edges.len() + 1);
    }

    #[test]
    fn state_diagrams_are_well_formed(graph in graphs()) {
        for page in [Page::File, Page::Inline] {
            let svg = graph.svg(page);
            prop_assert!(!svg.contains('\n'));
            prop_assert!(is_inside(&svg), "{svg}");
        }
    }
}

/// Not every character of Rust is one of XML.
#[test]
fn what_xml_has_no_character_for_is_replaced() {
    let title = "odd \u{fffe}\u{ffff}\u{0}\u{1f}".to_owned();
    let graph = StateGraph { title, nodes: vec![Node::End], edges: Vec::new() };
    assert!(is_inside(&graph.svg(Page::File)));
}

fn lines_of(items: &[Item]) -> usize {
    let of_item = |item: &Item| match item {
        Item::Frame(frame) => {
            let inside: usize = frame.sections.iter().map(|section| lines_of(section)).sum();
            // The first line, one between each two sections, and the last.
            inside + frame.sections.len() + 1
        }
        _ => 1,
    };
    items.iter().map(of_item).sum()
}

fn frames(items: &[Item]) -> usize {
    let of_item = |item: &Item| match item {
        Item::Frame(frame) => {
            1 + frame.sections.iter().map(|section| frames(section)).sum::<usize>()
        }
        _ => 0,
    };
    items.iter().map(of_item).sum()
}
