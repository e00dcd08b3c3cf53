//! Payloads on the wire, whatever they are called and wherever their codec is.
#![deny(warnings)]

use telltale_vm::choreography;

mod codecs {
    pub struct Plain;

    impl telltale_vm::wire::Codec for Plain {
        fn encode<T: serde::Serialize>(
            payload: &T,
            to: &mut Vec<u8>,
        ) -> Result<(), telltale_vm::wire::CodecError> {
            Ok(serde_json::to_writer(to, payload)?)
        }

        fn decode<T: serde::de::DeserializeOwned>(
            from: &[u8],
        ) -> Result<T, telltale_vm::wire::CodecError> {
            Ok(serde_json::from_slice(from)?)
        }
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Serialize(u8);

choreography! {
    #[serde]
    pub protocol Json(Vec, Option) {
        Vec -> Option: Result(Serialize);
        Vec -> Option: Codec { names: u8, r#type: self::Serialize };
        Option -> Vec: Nothing;
    }

    #[serde(codec = self::codecs::Plain, version = 7,)]
    protocol Other(A, B) {
        choice at A {
            A -> B: One(u8, String);
        } or {
            A -> B: Two { only: ::std::string::String };
        }
    }
}

fn main() {
    assert_ne!(json::IMAGE.hash(), other::IMAGE.hash());
}
