import { useSuspenseQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ArrowLeftRight, CircleUserRound, Keyboard, Languages, LogOut, Search, Server, SunMoon, type LucideIcon } from "lucide-react";
import { useMemo, useState } from "react";
import { Autocomplete, Input, Menu, MenuItem, TextField, useFilter } from "react-aria-components";
import { signOut, tenantsQuery } from "../api/session";
import { Dialog } from "../parts/dialog";
import { Icon } from "../parts/icon";
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

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/iu;

/** One box for pages, tenants, statements by their id, and acts. */
export default function Palette({
  kind,
  onClose,
  onKeys,
}: {
  kind: "search" | "tenants";
  onClose: () => void;
  onKeys: () => void;
}) {
  const { contains } = useFilter({ sensitivity: "base" });
  const [text, setText] = useState("");
  const commands = useCommands(kind, text, onKeys);
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
            <MenuItem id={command.id} textValue={`${command.name} ${command.kind} ${command.id.startsWith("id ") ? text : ""}`} className="palette-item">
              <Icon of={command.icon} />
              <span className="faint">{command.kind}</span>
              <bdi className="clip">{command.name}</bdi>
              {command.keys ? <kbd>{command.keys}</kbd> : null}
            </MenuItem>
          )}
        </Menu>
      </Autocomplete>
    </Dialog>
  );
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
    return [...statement, ...pages, ...switches, ...server, ...acts];
  }, [kind, text, tenants, viewer, navigate, onKeys]);
}
