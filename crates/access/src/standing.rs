//! The standing of an account: operator or not, and its role.

use crate::{Permission, Role, ServerPermission, may_grant, permits};

/// The standing of an account on the server, and in the current tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether it is an operator of the server.
    pub is_operator: bool,
    /// Its role in the tenant; none if it has none.
    pub role: Option<Role>,
}

impl Standing {
    /// The operator at the command line of the machine. This user has access to all files, so
    /// refusing anything would not protect anything.
    pub const MACHINE: Self = Self { is_operator: true, role: Some(Role::Owner) };

    /// Decides whether the account has `permission` in the tenant.
    ///
    /// Being an operator does not count here: it gives no access to the data of tenants.
    pub fn may(self, permission: Permission) -> bool {
        self.role.is_some_and(|role| permits(role, permission))
    }

    /// Decides whether the account has `permission` on the server.
    pub const fn may_on_server(self, _permission: ServerPermission) -> bool {
        self.is_operator
    }

    /// Decides whether the account may give or take away `granted` in the tenant: by its own role,
    /// or as an operator who appoints an owner.
    pub fn may_grant(self, granted: Role) -> bool {
        let by_role = self.role.is_some_and(|role| may_grant(role, granted));
        by_role || granted == Role::Owner && self.may_on_server(ServerPermission::AppointOwners)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATOR: Standing = Standing { is_operator: true, role: None };

    #[test]
    fn no_standing_permits_nothing() {
        let anonymous = Standing::default();
        assert!(Permission::EVERY.into_iter().all(|permission| !anonymous.may(permission)));
        assert!(ServerPermission::EVERY.into_iter().all(|act| !anonymous.may_on_server(act)));
        assert!(Role::EVERY.into_iter().all(|role| !anonymous.may_grant(role)));
    }

    #[test]
    fn an_operator_has_no_role_in_a_tenant_but_appoints_its_owners() {
        assert!(ServerPermission::EVERY.into_iter().all(|act| OPERATOR.may_on_server(act)));
        assert!(Permission::EVERY.into_iter().all(|permission| !OPERATOR.may(permission)));
        for role in Role::EVERY {
            assert_eq!(OPERATOR.may_grant(role), role == Role::Owner, "{role}");
        }
    }

    #[test]
    fn a_role_gives_nothing_on_the_server() {
        for role in Role::EVERY {
            let standing = Standing { is_operator: false, role: Some(role) };
            assert!(ServerPermission::EVERY.into_iter().all(|act| !standing.may_on_server(act)));
            for permission in Permission::EVERY {
                assert_eq!(standing.may(permission), permits(role, permission));
            }
        }
    }

    #[test]
    fn the_machine_has_every_permission() {
        assert!(Permission::EVERY.into_iter().all(|permission| Standing::MACHINE.may(permission)));
        assert!(
            ServerPermission::EVERY.into_iter().all(|act| Standing::MACHINE.may_on_server(act))
        );
        assert!(Role::EVERY.into_iter().all(|role| Standing::MACHINE.may_grant(role)));
    }
}
