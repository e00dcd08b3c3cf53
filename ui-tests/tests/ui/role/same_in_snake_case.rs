use telltale_vm::choreography;

choreography! {
    protocol Web(HTTPServer, HttpServer) {
        HTTPServer -> HttpServer: Forward;
    }
}

fn main() {}
