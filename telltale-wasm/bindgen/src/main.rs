//! `telltale-wasm-bindgen MODULE.wasm FOLDER`: the module with what JavaScript and TypeScript need to call it.
//!
//! `cargo install wasm-bindgen-cli` would do the same, and build a web server and a client for it as well.

use std::env::args;
use std::error::Error;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<(), Box<dyn Error>> {
    let [_, module, folder] = args().collect::<Vec<_>>().try_into().map_err(
        |_| "expected a module and a folder: `telltale-wasm-bindgen MODULE.wasm FOLDER`",
    )?;
    let mut bindgen = Bindgen::new();
    // Names are half of the module; what is left compresses better than what `wasm-opt` would make of it.
    bindgen.input_path(module).out_name("telltale").typescript(true).remove_name_section(true);
    bindgen.remove_producers_section(true).omit_default_module_path(false).web(true)?;
    Ok(bindgen.generate(folder)?)
}
