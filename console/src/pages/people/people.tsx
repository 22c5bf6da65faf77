import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ShieldCheck, UserPlus, UsersRound } from "lucide-react";
import { useState } from "react";
import { api, take, type Schemas } from "../../api/client";
import { invitationsQuery, peopleQuery, type Person } from "../../api/people";
import { faultAt } from "../../api/problem";
import type { Role } from "../../api/session";
import { useViewer } from "../../app/context";
import { useTitle } from "../../app/title";
import { CopyButton } from "../../parts/copy";
import { Dialog } from "../../parts/dialog";
import { SelectField, TextField } from "../../parts/field";
import { Icon } from "../../parts/icon";
import { Empty, explain, Failure, LoadingRows, NotPermitted, Refusal, titleOf } from "../../parts/states";
import { useToast } from "../../parts/toast";
import { ago, date } from "../../text/format";
import { t } from "../../text/text";
import { GroupChoice, useGroupChoice } from "./group-choice";
import { GroupsDialog } from "./groups-dialog";

const ROLES: readonly Role[] = ["owner", "administrator", "analyst", "advisor", "auditor", "viewer", "learner"];

/** Who may do what in the tenant. */
export function PeoplePage() {
  const viewer = useViewer();
  useTitle(t("nav.people"));
  if (!viewer.may("read-people")) return <NotPermitted role={viewer.role} right="read-people" />;
  return <People />;
}

/** The roles that a role gives. */
function given(role: Role | undefined): readonly Role[] {
  if (role === "owner") return ROLES;
  return role === "administrator" ? ROLES.slice(1) : [];
}

function People() {
  const { tenant, role, session, may } = useViewer();
  const [isInviting, setIsInviting] = useState(false);
  const people = useQuery(peopleQuery(tenant));
  const invite = may("invite-people") ? (
    <button className="btn primary" type="button" onClick={() => setIsInviting(true)}>
      <Icon of={UserPlus} />
      {t("people.invite")}
    </button>
  ) : null;
  return (
    <>
      <div className="head">
        <h1>{t("nav.people")}</h1>
        <div className="tools">{invite}</div>
      </div>
      <section className="sheet" aria-label={t("people.list")}>
        {people.isPending ? <LoadingRows rows={4} /> : null}
        {people.isError ? <Failure error={people.error} onRetry={() => void people.refetch()} /> : null}
        {people.data?.length === 0 ? (
          <Empty icon={UsersRound} title={t("people.none")} actions={invite}>
            {t("people.none.try")}
          </Empty>
        ) : null}
        {people.data && people.data.length > 0 ? (
          <table className="tbl">
            <thead>
              <tr>
                <th scope="col">{t("people.name")}</th>
                <th scope="col">{t("people.role")}</th>
                <th scope="col" className="hide-s">
                  {t("people.factor")}
                </th>
                <th scope="col" className="hide-s">
                  {t("people.lastSeen")}
                </th>
                <th scope="col">
                  <span className="sr">{t("people.acts")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {people.data.map((person) => (
                <PersonRow key={person.account} person={person} roles={given(role)} isOwn={person.account === session.account?.id} />
              ))}
            </tbody>
          </table>
        ) : null}
      </section>
      {may("invite-people") ? <Invitations /> : null}
      {isInviting ? <InviteDialog roles={given(role)} onClose={() => setIsInviting(false)} /> : null}
    </>
  );
}

function PersonRow({ person, roles, isOwn }: { person: Person; roles: readonly Role[]; isOwn: boolean }) {
  const { tenant } = useViewer();
  const client = useQueryClient();
  const toast = useToast();
  const path = { tenant, account: person.account };
  const refresh = () => client.invalidateQueries({ queryKey: ["people", tenant] });
  const change = useMutation({
    mutationFn: (body: Schemas["PersonChange"]) => take(api.PATCH("/tenants/{tenant}/people/{account}", { params: { path }, body })),
    onSuccess: ({ role, groups }) => {
      const before = { role: person.role, groups: person.groups };
      const text =
        role === "advisor" ? t("people.advises", person.display_name, groups.length) : t("people.changed", person.display_name, t(`role.${role}`));
      toast({ text, undo: () => change.mutate(before) });
    },
    onError: (error) => toast({ text: `${titleOf(error)}. ${explain(error)}`, isBad: true }),
    onSettled: refresh,
  });
  const remove = useMutation({
    mutationFn: () => take(api.DELETE("/tenants/{tenant}/people/{account}", { params: { path } })),
    onSuccess: () => toast({ text: t("people.removed", person.display_name) }),
    onError: (error) => toast({ text: `${titleOf(error)}. ${explain(error)}`, isBad: true }),
    onSettled: refresh,
  });
  const [isAsked, setIsAsked] = useState(false);
  const [isChoosing, setIsChoosing] = useState(false);
  const canChange = roles.includes(person.role) && !isOwn;
  const choose = (role: Role) => {
    // An advisor without groups sees nothing.
    if (role === "advisor") setIsChoosing(true);
    else change.mutate({ role });
  };
  return (
    <tr>
      <td className="two">
        <span className="name">
          <bdi>{person.display_name}</bdi>
        </span>
        <small>
          <bdi>{person.email}</bdi>
          {person.is_disabled ? `, ${t("people.disabled")}` : ""}
        </small>
      </td>
      <td>
        {canChange ? (
          <select className="btn sm" aria-label={t("people.roleOf", person.display_name)} value={person.role} disabled={change.isPending} onChange={(event) => choose(event.target.value as Role)}>
            {roles.map((known) => (
              <option key={known} value={known} title={t(`role.${known}.may`)}>
                {t(`role.${known}`)}
              </option>
            ))}
          </select>
        ) : (
          t(`role.${person.role}`)
        )}
        {person.role === "advisor" ? (
          <>
            {" "}
            {canChange ? (
              <button className="btn quiet sm" type="button" aria-label={t("people.groupsOf", person.groups.length, person.display_name)} disabled={change.isPending} onClick={() => setIsChoosing(true)}>
                {t("people.groups", person.groups.length)}
              </button>
            ) : (
              <span className="faint">{t("people.groups", person.groups.length)}</span>
            )}
          </>
        ) : null}
        {isChoosing ? (
          <GroupsDialog
            person={person}
            onSave={(groups) => {
              setIsChoosing(false);
              change.mutate({ role: "advisor", groups });
            }}
            onClose={() => setIsChoosing(false)}
          />
        ) : null}
      </td>
      <td className="hide-s">
        {person.has_second_factor ? (
          <span className="st good">
            <Icon of={ShieldCheck} />
            {t("people.factorOn")}
          </span>
        ) : (
          <span className="faint">{t("people.factorOff")}</span>
        )}
      </td>
      <td className="hide-s dim">{person.last_signed_in ? ago(person.last_signed_in) : t("people.never")}</td>
      <td className="num">
        {canChange ? (
          <button className="btn quiet sm danger" type="button" onClick={() => setIsAsked(true)}>
            {t("source.remove")}
          </button>
        ) : null}
        {isAsked ? (
          <Dialog title={t("people.remove.title", person.display_name)} onClose={() => setIsAsked(false)}>
            <form
              className="dialog-body form start"
              onSubmit={(event) => {
                event.preventDefault();
                setIsAsked(false);
                remove.mutate();
              }}
            >
              <p>{t("people.remove.effect")}</p>
              <div className="row end">
                <button className="btn" type="button" onClick={() => setIsAsked(false)}>
                  {t("action.cancel")}
                </button>
                <button className="btn solid-bad" type="submit">
                  {t("source.remove")}
                </button>
              </div>
            </form>
          </Dialog>
        ) : null}
      </td>
    </tr>
  );
}

function Invitations() {
  const { tenant } = useViewer();
  const client = useQueryClient();
  const query = useQuery(invitationsQuery(tenant));
  const revoke = useMutation({
    mutationFn: (invitation: string) => take(api.DELETE("/tenants/{tenant}/invitations/{invitation}", { params: { path: { tenant, invitation } } })),
    onSettled: () => client.invalidateQueries({ queryKey: ["invitations", tenant] }),
  });
  if (!query.data || query.data.length === 0) return null;
  return (
    <section className="sheet" aria-label={t("people.invitations")}>
      <header>
        <h2>{t("people.invitations")}</h2>
      </header>
      <table className="tbl">
        <thead>
          <tr>
            <th scope="col">{t("people.email")}</th>
            <th scope="col">{t("people.role")}</th>
            <th scope="col" className="hide-s">
              {t("source.expires")}
            </th>
            <th scope="col">
              <span className="sr">{t("people.acts")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {query.data.map((invitation) => (
            <tr key={invitation.id}>
              <td>
                <bdi>{invitation.email ?? "–"}</bdi>
              </td>
              <td>
                {invitation.role ? t(`role.${invitation.role}`) : "–"}
                {invitation.role === "advisor" ? <span className="faint"> {t("people.groups", invitation.groups.length)}</span> : null}
              </td>
              <td className="hide-s dim">{date(invitation.expires)}</td>
              <td className="num">
                <button className="btn quiet sm danger" type="button" disabled={revoke.isPending} onClick={() => revoke.mutate(invitation.id)}>
                  {t("people.revoke")}
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function InviteDialog({ roles, onClose }: { roles: readonly Role[]; onClose: () => void }) {
  const { tenant } = useViewer();
  const client = useQueryClient();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("analyst");
  const groups = useGroupChoice(new Set(), role === "advisor");
  const invite = useMutation({
    mutationFn: () =>
      take(
        api.POST("/tenants/{tenant}/invitations", {
          params: { path: { tenant }, header: { "Idempotency-Key": crypto.randomUUID() } },
          body: { email: email.trim(), role, groups: role === "advisor" ? groups.chosen : undefined },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ["invitations", tenant] }),
  });
  const made = invite.data;
  const link = made?.link ?? (made?.token ? `${window.location.origin}/invitation?token=${made.token}` : undefined);
  return (
    <Dialog title={t("people.invite")} onClose={onClose}>
      {made ? (
        <div className="dialog-body">
          <p>{t("people.link", email, date(made.expires))}</p>
          <p className="mono link-text">{link}</p>
          <div className="row end">
            <CopyButton label={t("drawer.copyLink")} text={link ?? ""} />
            <button className="btn primary" type="button" onClick={onClose}>
              {t("action.close")}
            </button>
          </div>
        </div>
      ) : (
        <form
          className="dialog-body form"
          onSubmit={(event) => {
            event.preventDefault();
            invite.mutate();
          }}
        >
          <TextField label={t("people.email")} type="email" required value={email} error={faultAt(invite.error, "/email")} onChange={(event) => setEmail(event.target.value)} />
          <SelectField label={t("people.role")} hint={t(`role.${role}.may`)} value={role} onChange={(event) => setRole(event.target.value as Role)}>
            {roles.map((known) => (
              <option key={known} value={known}>
                {t(`role.${known}`)}
              </option>
            ))}
          </SelectField>
          {role === "advisor" ? <GroupChoice choice={groups} /> : null}
          <Refusal error={invite.error} />
          <div className="row end">
            <button className="btn" type="button" onClick={onClose}>
              {t("action.cancel")}
            </button>
            <button className="btn primary" type="submit" disabled={invite.isPending || (role === "advisor" && !groups.isReady)}>
              {t("people.makeLink")}
            </button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
