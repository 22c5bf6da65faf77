//! Who asks for what is not theirs.

use acta_tests::server::basic;
use acta_tests::{Call, Client, Version};

use crate::held::{Signed, account};
use crate::world::World;

/// How somebody says who they are.
#[derive(Debug)]
pub(crate) enum Means {
    /// With a value of `Authorization`.
    Authorization(String),
    /// With a session, of whom.
    Session(Signed, String),
    /// Not at all.
    Nothing,
}

/// Somebody of whom the tenant knows nothing.
#[derive(Debug)]
pub(crate) struct Stranger {
    pub(crate) who: &'static str,
    pub(crate) means: Means,
}

impl Stranger {
    /// Everybody who is not of our tenant.
    pub(crate) fn all(world: &World) -> Vec<Self> {
        let theirs = &world.theirs;
        let client = world.client(Version::V2_0_0);
        let email = "nobody@example.org";
        account((&client, &world.store), (email, "Without a tenant"), &[]);
        let [bearer, as_basic] = theirs.tokens.clone();
        let of = |who, means| Self { who, means };
        let session = theirs.session.clone();
        vec![
            of("a credential", Means::Authorization(theirs.authorization.clone())),
            of("a browser token", Means::Authorization(bearer)),
            of("a browser token as Basic", Means::Authorization(as_basic)),
            of("our key, a wrong secret", Means::Authorization(basic(&world.ours.key, "wrong"))),
            of("an owner", Means::Session(session, theirs.email.clone())),
            of("a person", Means::Session(Signed::in_as(&client, email), email.to_owned())),
            of("nobody", Means::Nothing),
        ]
    }

    /// The request as they send it.
    pub(crate) fn onto<'a>(&self, call: Call<'a>) -> Call<'a> {
        match &self.means {
            Means::Authorization(value) => call.header("Authorization", value),
            Means::Session(signed, _) => signed.onto(call),
            Means::Nothing => call.without("Authorization"),
        }
    }

    /// Whether they are a client of xAPI, which stores and reads what is theirs.
    pub(crate) fn is_client(&self) -> bool {
        self.who.starts_with("a credential") || self.who.starts_with("a browser token")
    }

    /// Signs in again, after signing out.
    pub(crate) fn renew(&mut self, client: &Client) {
        if let Means::Session(signed, email) = &mut self.means {
            *signed = Signed::in_as(client, email);
        }
    }
}
