import { keepPreviousData, useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ArrowLeftRight, BadgeCheck, BookOpen, CircleUserRound, Keyboard, Languages, LogOut, Repeat, Search, Server, SunMoon, UserRound, type LucideIcon } from "lucide-react";
import { useDeferredValue, useMemo, useState } from "react";
import { Autocomplete, Input, Menu, MenuItem, TextField, useFilter } from "react-aria-components";
import { factsQuery, labelIn, rowsOf, type Question } from "../api/facts";
import { signOut, tenantsQuery } from "../api/session";
import { Dialog } from "../parts/dialog";
import { Icon } from "../parts/icon";
import { Untrusted } from "../parts/untrusted";
import { plainly } from "../statement/visible";
import { chooseLanguage, currentLanguage, LANGUAGES, t, type Language } from "../text/text";
import { useViewer } from "./context";
import { placesOf } from "./navigation";
import { toggleTheme } from "./theme";

interface Command {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly icon: LucideIcon;
  readonly keys?: string;
  readonly run: () => void;
}

/** From how many characters on learners and courses are looked for, and how many are listed. */
const WANTED_MIN = 2;
const FOUND_MAX = 6;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/iu;

/** One box for pages, tenants, statements by their id, and acts. */
export default function Palette({
  kind,
  typed,
  onClose,
  onKeys,
}: {
  kind: "search" | "tenants";
  /** What was typed before it was there. */
  typed: string;
  onClose: () => void;
  onKeys: () => void;
}) {
  const { contains } = useFilter({ sensitivity: "base" });
  const [text, setText] = useState(typed);
  const commands = [...useCommands(kind, text, onKeys), ...useFound(kind, text)];
  return (
    <Dialog title={kind === "tenants" ? t("palette.tenants") : t("palette.title")} onClose={onClose}>
      <Autocomplete filter={contains} inputValue={text} onInputChange={setText}>
        <TextField className="palette-input" aria-label={t("nav.search")} autoFocus>
          <Icon of={Search} />
          <Input placeholder={t("palette.hint")} />
        </TextField>
        <Menu
          className="palette-list"
          aria-label={t("palette.results")}
          items={commands}
          renderEmptyState={() => <p className="faint pad-2">{t("palette.nothing")}</p>}
          onAction={(id) => {
            onClose();
            commands.find((command) => command.id === id)?.run();
          }}
        >
          {(command) => (
            <MenuItem id={command.id} textValue={`${plainly(command.name)} ${command.kind} ${command.id.startsWith("id ") ? text : ""}`} className="palette-item">
              <Icon of={command.icon} />
              <span className="faint">{command.kind}</span>
              <span className="clip">
                <Untrusted said={command.name} max={80} />
              </span>
              {command.keys ? <kbd>{command.keys}</kbd> : null}
            </MenuItem>
          )}
        </Menu>
      </Autocomplete>
    </Dialog>
  );
}

/** Learners or courses with a text in their name, those with the most statements first. */
function namedQuestion(field: "person" | "course", text: string): Question {
  return {
    measures: [{ measure: "count", name: "statements" }],
    dimensions: [field],
    where: { field: `${field}.name`, contains: text },
    order: [{ by: "statements", descending: true }],
    limit: FOUND_MAX,
  };
}

/** The learners and courses that a text finds. */
function useFound(kind: "search" | "tenants", typed: string): Command[] {
  const { tenant, may } = useViewer();
  const navigate = useNavigate();
  const text = useDeferredValue(typed.trim());
  const enabled = kind === "search" && may("ask-questions") && text.length >= WANTED_MIN && !UUID.test(text);
  const options = { enabled, placeholderData: keepPreviousData };
  const persons = useQuery({ ...factsQuery(tenant, namedQuestion("person", text)), ...options, enabled: enabled && may("list-learners") });
  const courses = useQuery({ ...factsQuery(tenant, namedQuestion("course", text)), ...options });
  return useMemo(() => {
    const params = { tenant: String(tenant) };
    const found = (answer: typeof persons.data, field: "person" | "course") =>
      answer && enabled ? rowsOf(answer).flatMap((row) => ({ id: String(row[field]), name: labelIn(answer, field, row[field] ?? null) ?? "" })) : [];
    return [
      ...found(persons.data, "person").map(({ id, name }) => ({
        id: `person ${id}`,
        kind: t("learners.learner"),
        name,
        icon: UserRound,
        run: () => void navigate({ to: "/t/$tenant/learner", params, search: { id } }),
      })),
      ...found(courses.data, "course").map(({ id, name }) => ({
        id: `course ${id}`,
        kind: t("courses.course"),
        name,
        icon: BookOpen,
        run: () => void navigate({ to: "/t/$tenant/activity", params, search: { id } }),
      })),
    ];
  }, [persons.data, courses.data, enabled, tenant, navigate]);
}

function useCommands(kind: "search" | "tenants", text: string, onKeys: () => void): Command[] {
  const viewer = useViewer();
  const navigate = useNavigate();
  const { data: tenants } = useSuspenseQuery(tenantsQuery);
  return useMemo(() => {
    const tenant = String(viewer.tenant);
    const switches: Command[] = tenants
      .filter((known) => viewer.session.account?.roles.some((role) => role.tenant === known.id))
      .map((known) => ({
        id: `tenant ${known.id}`,
        kind: t("palette.tenant"),
        name: known.name,
        icon: ArrowLeftRight,
        run: () => void navigate({ to: "/t/$tenant", params: { tenant: String(known.id) } }),
      }));
    const server: Command[] = viewer.session.account?.is_operator
      ? [{ id: "server", kind: t("palette.go"), name: t("nav.server"), icon: Server, run: () => void navigate({ to: "/server" }) }]
      : [];
    if (kind === "tenants") return [...switches, ...server];
    const pages: Command[] = placesOf(viewer.role).map((place) => ({
      id: place.to,
      kind: t("palette.go"),
      name: place.name(),
      icon: place.icon,
      keys: `G ${place.key.toUpperCase()}`,
      run: () => void navigate({ to: place.to, params: { tenant } }),
    }));
    // Pages that others lead to, and the navigation does not list.
    const further: Command[] = [];
    if (viewer.may("list-learners")) {
      further.push({ id: "retention", kind: t("palette.go"), name: t("nav.retention"), icon: Repeat, run: () => void navigate({ to: "/t/$tenant/retention", params: { tenant } }) });
    }
    if (viewer.may("ask-questions")) {
      further.push({ id: "quality", kind: t("palette.go"), name: t("nav.quality"), icon: BadgeCheck, run: () => void navigate({ to: "/t/$tenant/quality", params: { tenant } }) });
    }
    const id = text.trim().toLowerCase();
    const statement: Command[] =
      UUID.test(id) && viewer.may("read-statements")
        ? [
            {
              id: `id ${id}`,
              kind: t("palette.statement"),
              name: id,
              icon: Search,
              run: () => void navigate({ to: "/t/$tenant/statements", params: { tenant }, search: { s: id } }),
            },
          ]
        : [];
    const other: Language = currentLanguage() === "en" ? "de" : "en";
    const acts: Command[] = [
      { id: "account", kind: t("palette.go"), name: t("nav.account"), icon: CircleUserRound, run: () => window.location.assign("/account") },
      { id: "theme", kind: t("palette.act"), name: t("palette.theme"), icon: SunMoon, run: toggleTheme },
      { id: "language", kind: t("palette.act"), name: LANGUAGES[other], icon: Languages, run: () => chooseLanguage(other) },
      { id: "keys", kind: t("palette.act"), name: t("keys.title"), icon: Keyboard, run: onKeys },
      { id: "sign-out", kind: t("palette.act"), name: t("nav.signOut"), icon: LogOut, run: () => void signOut() },
    ];
    return [...statement, ...pages, ...further, ...switches, ...server, ...acts];
  }, [kind, text, tenants, viewer, navigate, onKeys]);
}
