#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| telltale_hostile::snapshot_edits::holds(bytes));
