//! Services for protocols of a sender, a carrier and a receiver, whose objects are what is written down of them.

/// `Senders`, `Carriers` and `Receivers` of a protocol.
macro_rules! services {
    ($module:ident, $state:ty) => {
        /// Plays the first role.
        #[derive(Debug)]
        pub struct Senders;
        /// Plays the second role.
        #[derive(Debug)]
        pub struct Carriers;
        /// Plays the third role.
        #[derive(Debug)]
        pub struct Receivers;

        impl Service for Senders {
            type Roles = $module::Roles<$state, Elsewhere, Elsewhere>;
            type State = $state;
            fn image(&self) -> &CodeImage {
                &$module::IMAGE
            }
            fn role(&self) -> &'static str {
                "Sender"
            }
            fn restore(&self, _: &Step, state: Option<$state>) -> Self::Roles {
                let sender = state.unwrap_or_default();
                $module::Roles { sender, carrier: Elsewhere, receiver: Elsewhere }
            }
            fn save(&self, roles: &Self::Roles) -> $state {
                roles.sender
            }
        }

        impl Service for Carriers {
            type Roles = $module::Roles<Elsewhere, $state, Elsewhere>;
            type State = $state;
            fn image(&self) -> &CodeImage {
                &$module::IMAGE
            }
            fn role(&self) -> &'static str {
                "Carrier"
            }
            fn restore(&self, _: &Step, state: Option<$state>) -> Self::Roles {
                let carrier = state.unwrap_or_default();
                $module::Roles { sender: Elsewhere, carrier, receiver: Elsewhere }
            }
            fn save(&self, roles: &Self::Roles) -> $state {
                roles.carrier
            }
        }

        impl Service for Receivers {
            type Roles = $module::Roles<Elsewhere, Elsewhere, $state>;
            type State = $state;
            fn image(&self) -> &CodeImage {
                &$module::IMAGE
            }
            fn role(&self) -> &'static str {
                "Receiver"
            }
            fn restore(&self, _: &Step, state: Option<$state>) -> Self::Roles {
                let receiver = state.unwrap_or_default();
                $module::Roles { sender: Elsewhere, carrier: Elsewhere, receiver }
            }
            fn save(&self, roles: &Self::Roles) -> $state {
                roles.receiver
            }
        }
    };
}

pub(crate) use services;
