//! Reading persons.

use acta_access::{Act, Principal};
use acta_xapi::json::write_string;
use acta_xapi::{Actor, Ifi, Rule};

use crate::{Service, ServiceError};

impl Service {
    /// The person that an agent identifies, as the JSON text of a Person object: the identifier
    /// and every name that was used with it.
    ///
    /// # Errors
    ///
    /// - [`ServiceError::Denied`]: without a scope for reading persons, or if a restriction
    ///   forbids this one.
    /// - [`ServiceError::Faulty`]: the agent has no identifier.
    /// - [`ServiceError::Failed`]: it cannot be read.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 2.4.
    pub async fn find_person(
        &self,
        principal: &Principal,
        agent: &Actor,
    ) -> Result<String, ServiceError> {
        Self::permit(principal, Act::ReadEntities)?;
        let Some(ifi) = &agent.ifi else {
            return Err(ServiceError::fault(
                "/agent",
                Rule::AgentIfi,
                "a group without identifier",
            ));
        };
        principal.restrictions.permit_agent(ifi)?;
        let mut names = self.storage.find_person(principal.tenant, ifi).await?.names;
        if names.is_empty() {
            names.extend(agent.name.as_deref().map(str::to_owned));
        }
        Ok(person_json(ifi, &names))
    }
}

fn person_json(ifi: &Ifi, names: &[String]) -> String {
    let mut json = String::from(r#"{"objectType":"Person""#);
    if !names.is_empty() {
        json.push_str(r#","name":["#);
        for (index, name) in names.iter().enumerate() {
            if index != 0 {
                json.push(',');
            }
            write_string(&mut json, name);
        }
        json.push(']');
    }
    let (property, text) = match ifi {
        Ifi::Mbox(mbox) => ("mbox", mbox.as_str()),
        Ifi::MboxSha1(sum) => ("mbox_sha1sum", &**sum),
        Ifi::OpenId(iri) => ("openid", iri.as_str()),
        Ifi::Account { home_page, name } => {
            json.push_str(r#","account":[{"homePage":"#);
            write_string(&mut json, home_page.as_str());
            json.push_str(r#","name":"#);
            write_string(&mut json, name);
            json.push_str("}]}");
            return json;
        }
    };
    json.push_str(",\"");
    json.push_str(property);
    json.push_str("\":[");
    write_string(&mut json, text);
    json.push_str("]}");
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ifi: &Ifi, names: &[&str], expected: &str) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(person_json(ifi, &names), expected);
    }

    #[test]
    fn a_person_has_every_property_as_an_array() {
        let mbox = Ifi::Mbox("mailto:ada@example.org".parse().unwrap());
        let account = Ifi::Account {
            home_page: "https://lms.example".parse().unwrap(),
            name: "\"7\"".into(),
        };
        check(
            &mbox,
            &["Ada", "A. L."],
            r#"{"objectType":"Person","name":["Ada","A. L."],"mbox":["mailto:ada@example.org"]}"#,
        );
        check(
            &account,
            &[],
            r#"{"objectType":"Person","account":[{"homePage":"https://lms.example","name":"\"7\""}]}"#,
        );
    }
}
