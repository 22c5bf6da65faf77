//! About whom advisors and learners may ask.

use acta_access::{Role, TenantId};
use acta_admin::{Reach, Requester, RoleChange, TenantChanges};
use acta_storage::directory::{AccountId, GroupId};
use acta_xapi::Uuid;
use serde_json::json;

use crate::world::{World, word};

const OF: TenantId = TenantId::FIRST;

impl World {
    async fn reach(&self, requester: &Requester) -> Reach {
        self.admin.permit_question(requester, OF, &json!({})).await.unwrap().reach
    }

    async fn change(
        &self,
        account: AccountId,
        role: Option<Role>,
        groups: Option<&[GroupId]>,
    ) -> &'static str {
        let change = RoleChange { role, groups: groups.map(<[GroupId]>::to_vec) };
        word(&self.admin.change_role(&Requester::machine(), OF, account, change).await)
    }
}

fn id_of(requester: &Requester) -> AccountId {
    requester.account().unwrap().id
}

#[tokio::test]
async fn an_advisor_reaches_the_groups_that_were_given() {
    let world = World::new().await;
    let advisor = world.requester("advisor").await;
    assert_eq!(world.reach(&advisor).await, Reach::Groups(Vec::new()), "none are given yet");
    let physics = world.group("Physics", None).await.unwrap().id;
    let chemistry = world.group("Chemistry", None).await.unwrap().id;
    let id = id_of(&advisor);
    assert_eq!(world.change(id, None, Some(&[physics, chemistry])).await, "done");
    assert_eq!(world.reach(&advisor).await, Reach::Groups(vec![physics, chemistry]));
    // What is not said stays.
    assert_eq!(world.change(id, Some(Role::Advisor), None).await, "done");
    assert_eq!(world.reach(&advisor).await, Reach::Groups(vec![physics, chemistry]));
    assert_eq!(world.change(id, None, Some(&[chemistry])).await, "done");
    assert_eq!(world.reach(&advisor).await, Reach::Groups(vec![chemistry]));
    let entries = world.audit(Some(OF)).await;
    let last = &entries.last().unwrap().content;
    assert_eq!(last.act, "person.role-changed");
    let (from, to) = ([physics, chemistry], [chemistry]);
    let ids = |groups: &[GroupId]| json!(groups.iter().map(Uuid::to_string).collect::<Vec<_>>());
    let changes = json!({ "groups": { "from": ids(&from), "to": ids(&to) } });
    assert_eq!(last.detail, json!({ "changes": changes }).to_string());
}

#[tokio::test]
async fn groups_go_with_the_role_of_an_advisor() {
    let world = World::new().await;
    let advisor = world.requester("advisor").await;
    let physics = world.group("Physics", None).await.unwrap().id;
    let id = id_of(&advisor);
    let nowhere = Uuid::from_u128(9);
    assert_eq!(world.change(id, None, Some(&[physics, nowhere])).await, "faulty");
    assert_eq!(world.change(id, Some(Role::Analyst), Some(&[physics])).await, "faulty");
    assert_eq!(world.reach(&advisor).await, Reach::Groups(Vec::new()), "nothing was changed");
    assert_eq!(world.change(id, None, Some(&[physics])).await, "done");
    for (role, expected) in
        [(Role::Analyst, Reach::Everybody), (Role::Advisor, Reach::Groups(Vec::new()))]
    {
        assert_eq!(world.change(id, Some(role), None).await, "done");
        assert_eq!(world.reach(&advisor).await, expected, "{role}");
    }
    assert_eq!(world.change(id, Some(Role::Viewer), None).await, "done");
    let asked = world.admin.permit_question(&advisor, OF, &json!({})).await;
    assert_eq!(word(&asked), "refused");
}

#[tokio::test]
async fn a_learner_reaches_the_own_record_whatever_the_smallest_group() {
    let world = World::new().await;
    let changes = |size: u32| {
        let mut changes = TenantChanges::default();
        changes.settings.smallest_group = Some(std::num::NonZeroU32::new(size));
        changes
    };
    world.admin.change_tenant(&Requester::machine(), OF, changes(5), None).await.unwrap();
    let learner = world.requester("learner").await;
    let address = learner.account().unwrap().email.clone();
    let permit = world.admin.permit_question(&learner, OF, &json!({})).await.unwrap();
    assert_eq!((permit.reach, permit.settings.smallest_group), (Reach::Person(address), None));
    for who in ["analyst", "advisor"] {
        let requester = world.requester(who).await;
        let permit = world.admin.permit_question(&requester, OF, &json!({})).await.unwrap();
        assert_eq!(permit.settings.smallest_group.map(u32::from), Some(5), "{who}");
    }
}
