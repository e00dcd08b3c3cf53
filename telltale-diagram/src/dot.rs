//! State diagrams in the language of Graphviz.

use std::fmt::Write;

use crate::state::{Node, StateGraph};

impl StateGraph {
    /// The diagram in DOT, the language of [Graphviz](https://graphviz.org).
    ///
    /// ```
    /// use telltale_diagram::StateGraph;
    /// use telltale_types::{Label, LocalTerm};
    ///
    /// let bob = LocalTerm::recv("Alice", Label::new("Hello"), LocalTerm::end()).close()?;
    /// assert_eq!(StateGraph::of_local("Bob", &bob).dot(), "\
    /// digraph \"Bob\" {
    ///     node [shape=circle, label=\"\", width=0.2];
    ///     start [shape=point];
    ///     s1 [shape=doublecircle];
    ///     start -> s0;
    ///     s0 -> s1 [label=\"Alice?Hello\"];
    /// }
    /// ");
    /// # Ok::<(), telltale_types::TypeError>(())
    /// ```
    pub fn dot(&self) -> String {
        let mut text = format!("digraph \"{}\" {{\n", escaped(&self.title));
        text.push_str(
            "    node [shape=circle, label=\"\", width=0.2];\n    start [shape=point];\n",
        );
        for (at, node) in self.nodes.iter().enumerate() {
            let shape = match node {
                Node::State { may_end: false } => continue,
                Node::State { may_end: true } | Node::End => "shape=doublecircle",
                Node::Fork | Node::Join => {
                    "shape=box, style=filled, fillcolor=black, height=0.05, width=0.6"
                }
            };
            // Writing to a text cannot fail, here and below.
            let _ = writeln!(text, "    s{at} [{shape}];");
        }
        text.push_str("    start -> s0;\n");
        for edge in &self.edges {
            let label =
                (!edge.text.is_empty()).then(|| format!("label=\"{}\"", escaped(&edge.text)));
            let style = edge.is_faint.then(|| "style=dashed".to_owned());
            let attributes: Vec<String> = label.into_iter().chain(style).collect();
            let attributes = match &attributes[..] {
                [] => String::new(),
                some => format!(" [{}]", some.join(", ")),
            };
            let _ = writeln!(text, "    s{} -> s{}{attributes};", edge.from, edge.to);
        }
        text.push_str("}\n");
        text
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
