//! Clients that request data of a tenant that they do not belong to.

use acta_tests::server::basic;
use acta_tests::{Call, Client, Version};

use crate::tenant_data::{SignedInPerson, account};
use crate::world::World;

/// How a client authenticates.
#[derive(Debug)]
pub(crate) enum Authentication {
    /// With a value of `Authorization`.
    Authorization(String),
    /// With the session of the person with this address.
    Session(SignedInPerson, String),
    /// Without authentication.
    Nothing,
}

/// A client that does not belong to the tenant.
#[derive(Debug)]
pub(crate) struct Outsider {
    pub(crate) who: &'static str,
    pub(crate) authentication: Authentication,
}

impl Outsider {
    /// Every kind of client that does not belong to our tenant.
    pub(crate) fn all(world: &World) -> Vec<Self> {
        let theirs = &world.theirs;
        let client = world.client(Version::V2_0_0);
        let email = "nobody@example.org";
        account(&client, &world.store, email, "Without a tenant", &[]);
        let [bearer, as_basic] = theirs.tokens.clone();
        let of = |who, authentication| Self { who, authentication };
        let session = theirs.session.clone();
        vec![
            of("a credential", Authentication::Authorization(theirs.authorization.clone())),
            of("a browser token", Authentication::Authorization(bearer)),
            of("a browser token as Basic", Authentication::Authorization(as_basic)),
            of(
                "our key, a wrong secret",
                Authentication::Authorization(basic(&world.ours.key, "wrong")),
            ),
            of("an owner", Authentication::Session(session, theirs.email.clone())),
            of(
                "a person",
                Authentication::Session(SignedInPerson::sign_in(&client, email), email.to_owned()),
            ),
            of("nobody", Authentication::Nothing),
        ]
    }

    /// The request as they send it.
    pub(crate) fn onto<'a>(&self, call: Call<'a>) -> Call<'a> {
        match &self.authentication {
            Authentication::Authorization(value) => call.header("Authorization", value),
            Authentication::Session(signed, _) => signed.onto(call),
            Authentication::Nothing => call.without("Authorization"),
        }
    }

    /// Whether they are a client of xAPI, which stores and reads what is theirs.
    pub(crate) fn is_client(&self) -> bool {
        self.who.starts_with("a credential") || self.who.starts_with("a browser token")
    }

    /// Signs in again, after signing out.
    pub(crate) fn renew(&mut self, client: &Client) {
        if let Authentication::Session(signed, email) = &mut self.authentication {
            *signed = SignedInPerson::sign_in(client, email);
        }
    }
}
