import { useSuspenseQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { ChevronsUpDown, LogOut, Menu, Moon, Search, Server, Sun, UserRound } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { sessionQuery, signOut } from "../api/session";
import { Icon, Mark } from "../parts/icon";
import { ToastArea } from "../parts/toast";
import { t } from "../text/text";
import { useViewer } from "./context";
import { useKeys } from "./keys";
import { placesOf, type Place } from "./navigation";
import { PaletteWaiting } from "./palette-waiting";
import { currentTheme, toggleTheme } from "./theme";

const loadPalette = () => import("./palette");
const Palette = lazy(loadPalette);
const Shortcuts = lazy(() => import("./shortcuts"));

type Open = "search" | "tenants" | "keys" | undefined;

/** What is around every page: navigation, search, and the person. */
export function Shell() {
  const viewer = useViewer();
  const navigate = useNavigate();
  const [open, setOpen] = useState<Open>();
  const [typed, setTyped] = useState("");
  const close = () => {
    setOpen(undefined);
    setTyped("");
  };
  const isServer = useRouterState({ select: (state) => state.location.pathname.startsWith("/server") });
  const places = isServer ? [] : placesOf(viewer.role);
  const name = isServer ? t("nav.server") : viewer.tenantName;
  useKeys({
    "/": () => setOpen("search"),
    "?": () => setOpen("keys"),
    ...Object.fromEntries(
      places.map((place) => [
        `g ${place.key}`,
        () => void navigate({ to: place.to, params: { tenant: String(viewer.tenant) } }),
      ]),
    ),
  });
  useEffect(() => {
    // The search box is there before somebody needs it, but after the page.
    const idle = window.requestIdleCallback ?? ((act: () => void) => setTimeout(act, 1_000));
    idle(() => void loadPalette());
  }, []);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        setOpen("search");
      }
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
  return (
    <ToastArea>
      <a className="skip" href="#main">
        {t("nav.skip")}
      </a>
      <div className="app">
        <nav className="nav" aria-label={t("nav.main")}>
          <TenantButton name={name} onPress={() => setOpen("tenants")} />
          <button
            className="jump"
            type="button"
            onPointerEnter={() => void loadPalette()}
            onFocus={() => void loadPalette()}
            onClick={() => setOpen("search")}
          >
            <Icon of={Search} />
            {t("nav.search")}
            <kbd>{t("key.search")}</kbd>
          </button>
          <Groups places={places} tenant={viewer.tenant} />
          {isServer ? <ServerLinks /> : null}
          <Person />
        </nav>
        <header className="top">
          <TenantButton name={name} onPress={() => setOpen("tenants")} />
          <span className="sp" />
          <button className="btn quiet icon" type="button" aria-label={t("nav.search")} onClick={() => setOpen("search")}>
            <Icon of={Search} />
          </button>
          <ThemeButton />
          <a className="btn quiet icon" href="/account" aria-label={t("nav.account")}>
            <Icon of={UserRound} />
          </a>
        </header>
        <main className="main" id="main" tabIndex={-1}>
          <Outlet />
        </main>
        <nav className="tabbar" aria-label={t("nav.short")}>
          {places.slice(0, 4).map((place) => (
            <PlaceLink key={place.to} place={place} tenant={viewer.tenant} />
          ))}
          <button type="button" onClick={() => setOpen("search")}>
            <Icon of={Menu} />
            {t("nav.more")}
          </button>
        </nav>
      </div>
      <Suspense fallback={<PaletteWaiting kind={open === "tenants" ? "tenants" : "search"} typed={typed} onType={setTyped} onClose={close} />}>
        {open === "search" || open === "tenants" ? (
          <Palette kind={open} typed={typed} onClose={close} onKeys={() => setOpen("keys")} />
        ) : null}
      </Suspense>
      <Suspense fallback={null}>
        {open === "keys" ? <Shortcuts places={places} onClose={close} /> : null}
      </Suspense>
    </ToastArea>
  );
}

function TenantButton({ name, onPress }: { name: string; onPress: () => void }) {
  return (
    <button className="tenant" type="button" aria-haspopup="dialog" aria-label={t("nav.switch", name)} onClick={onPress}>
      <Mark />
      <bdi className="clip">{name}</bdi>
      <Icon of={ChevronsUpDown} />
    </button>
  );
}

const GROUPS = [
  ["first", undefined],
  ["learning", "nav.group.learning"],
  ["record", "nav.group.record"],
  ["manage", "nav.group.manage"],
] as const;

function Groups({ places, tenant }: { places: Place[]; tenant: number }) {
  return GROUPS.map(([group, title]) => {
    const inGroup = places.filter((place) => place.group === group);
    if (inGroup.length === 0) return null;
    return (
      <div key={group}>
        {title ? <h2>{t(title)}</h2> : null}
        <ul>
          {inGroup.map((place) => (
            <li key={place.to}>
              <PlaceLink place={place} tenant={tenant} />
            </li>
          ))}
        </ul>
      </div>
    );
  });
}

function PlaceLink({ place, tenant }: { place: Place; tenant: number }) {
  return (
    <Link to={place.to} params={{ tenant: String(tenant) }} activeOptions={{ includeSearch: false }} activeProps={{ "aria-current": "page" }}>
      <Icon of={place.icon} />
      {place.name()}
    </Link>
  );
}

function ServerLinks() {
  return (
    <ul>
      <li>
        <Link to="/server" activeProps={{ "aria-current": "page" }}>
          <Icon of={Server} />
          {t("nav.server")}
        </Link>
      </li>
    </ul>
  );
}

function ThemeButton() {
  const [theme, setTheme] = useState(currentTheme);
  return (
    <button
      className="btn quiet icon sm"
      type="button"
      aria-label={theme === "dark" ? t("theme.light") : t("theme.dark")}
      onClick={() => {
        toggleTheme();
        setTheme(currentTheme());
      }}
    >
      <Icon of={theme === "dark" ? Sun : Moon} />
    </button>
  );
}

function Person() {
  const { data: session } = useSuspenseQuery(sessionQuery);
  const viewer = useViewer();
  const name = session.account?.display_name ?? session.who;
  const initials = name.split(/\s+/u).map((part) => part.charAt(0)).slice(0, 2).join("").toUpperCase();
  return (
    <div className="foot">
      <div className="me">
        <span className="av" aria-hidden="true">
          {initials}
        </span>
        <a className="who" href="/account" title={t("nav.accountOf", name)}>
          <bdi className="clip">{name}</bdi>
          <span>{viewer.role ? t(`role.${viewer.role}`) : t("role.operator")}</span>
        </a>
        <ThemeButton />
        <button className="btn quiet icon sm" type="button" aria-label={t("nav.signOut")} onClick={() => void signOut()}>
          <Icon of={LogOut} />
        </button>
      </div>
    </div>
  );
}
