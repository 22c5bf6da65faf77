import { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
  useRouter,
  type ErrorComponentProps,
} from "@tanstack/react-router";
import { CircleHelp } from "lucide-react";
import { isPassing } from "../api/problem";
import { goToSignIn, isSignedOut, sessionQuery, takeWantedAddress, tenantsQuery } from "../api/session";
import { Empty, Failure } from "../parts/states";
import { withFigureTexts } from "../text/figures/text";
import { withPageTexts } from "../text/pages/text";
import { t } from "../text/text";
import { homeOf } from "./navigation";
import { roleIn } from "./rights";
import { readActivity, readExplore, readGroups, readLearner, readPeriod, readRetention, readSources, readStatements } from "./search";
import { Shell } from "./shell";

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (attempts, error) => attempts < 2 && isPassing(error),
      refetchOnWindowFocus: false,
      staleTime: 10_000,
    },
  },
});

const never = new Promise<never>(() => undefined);

const root = createRootRouteWithContext<{ queries: QueryClient }>()({
  beforeLoad: async ({ context }) => {
    try {
      await context.queries.ensureQueryData(sessionQuery);
    } catch (error) {
      if (!isSignedOut(error)) throw error;
      goToSignIn();
      // The page goes away.
      await never;
    }
    await context.queries.ensureQueryData(tenantsQuery);
  },
  component: Outlet,
  errorComponent: ({ error }: ErrorComponentProps) => (
    <main className="alone" id="main">
      <section className="sheet">
        <Failure error={error} onRetry={() => window.location.reload()} />
      </section>
    </main>
  ),
  notFoundComponent: () => <NotFound />,
});

const index = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: async ({ context }) => {
    const wanted = takeWantedAddress();
    if (wanted) throw redirect({ href: wanted, replace: true });
    const session = await context.queries.ensureQueryData(sessionQuery);
    const tenants = await context.queries.ensureQueryData(tenantsQuery);
    const own = tenants.find((tenant) => roleIn(session, tenant.id));
    if (own) throw redirect({ to: "/t/$tenant", params: { tenant: String(own.id) }, replace: true });
    if (session.account?.is_operator) throw redirect({ to: "/server", replace: true });
  },
  component: () => (
    <main className="alone" id="main">
      <section className="sheet">
        <Empty icon={CircleHelp} title={t("home.noTenant")} actions={<a className="btn" href="/account">{t("nav.account")}</a>}>
          {t("home.noTenant.try")}
        </Empty>
      </section>
    </main>
  ),
});

const shell = createRoute({ getParentRoute: () => root, id: "shell", component: Shell });

const tenant = createRoute({
  getParentRoute: () => shell,
  path: "/t/$tenant",
  component: Outlet,
  errorComponent: ({ error }: ErrorComponentProps) => <PageFailure error={error} />,
});

const tenantHome = createRoute({
  getParentRoute: () => tenant,
  path: "/",
  beforeLoad: async ({ context, params }) => {
    const session = await context.queries.ensureQueryData(sessionQuery);
    const role = roleIn(session, Number(params.tenant));
    throw redirect({ to: homeOf(role), params, replace: true });
  },
});

const overview = createRoute({
  getParentRoute: () => tenant,
  path: "overview",
  validateSearch: readPeriod,
  component: lazyRouteComponent(withFigureTexts(() => import("../pages/overview/overview")), "OverviewPage"),
});
const statements = createRoute({
  getParentRoute: () => tenant,
  path: "statements",
  validateSearch: readStatements,
  component: lazyRouteComponent(withPageTexts(() => import("../pages/statements/statements")), "StatementsPage"),
});
const learners = createRoute({
  getParentRoute: () => tenant,
  path: "learners",
  validateSearch: readPeriod,
  component: lazyRouteComponent(withFigureTexts(() => import("../pages/lists/learners")), "LearnersPage"),
});
const activities = createRoute({
  getParentRoute: () => tenant,
  path: "activities",
  validateSearch: readPeriod,
  component: lazyRouteComponent(withFigureTexts(() => import("../pages/lists/activities")), "ActivitiesPage"),
});
const activity = createRoute({
  getParentRoute: () => tenant,
  path: "activity",
  validateSearch: readActivity,
  component: lazyRouteComponent(withFigureTexts(() => import("../pages/activity/activity")), "ActivityPage"),
});
const learner = createRoute({
  getParentRoute: () => tenant,
  path: "learner",
  validateSearch: readLearner,
  component: lazyRouteComponent(withFigureTexts(() => import("../pages/learner/learner")), "LearnerPage"),
});
const quality = createRoute({
  getParentRoute: () => tenant,
  path: "quality",
  validateSearch: readPeriod,
  component: lazyRouteComponent(withFigureTexts(() => import("../pages/quality/quality")), "QualityPage"),
});
const retention = createRoute({
  getParentRoute: () => tenant,
  path: "retention",
  validateSearch: readRetention,
  component: lazyRouteComponent(withFigureTexts(() => import("../pages/retention/retention")), "RetentionPage"),
});
const explore = createRoute({
  getParentRoute: () => tenant,
  path: "explore",
  validateSearch: readExplore,
  component: lazyRouteComponent(withFigureTexts(() => import("../pages/explore/explore")), "ExplorePage"),
});
const audit = createRoute({
  getParentRoute: () => tenant,
  path: "audit",
  component: lazyRouteComponent(() => import("../pages/audit/audit"), "AuditPage"),
});
const sources = createRoute({
  getParentRoute: () => tenant,
  path: "sources",
  validateSearch: readSources,
  component: lazyRouteComponent(withPageTexts(() => import("../pages/sources/sources")), "SourcesPage"),
});
const connect = createRoute({
  getParentRoute: () => tenant,
  path: "sources/connect",
  component: lazyRouteComponent(() => import("../pages/sources/connect"), "ConnectPage"),
});
const groups = createRoute({
  getParentRoute: () => tenant,
  path: "groups",
  validateSearch: readGroups,
  component: lazyRouteComponent(withPageTexts(() => import("../pages/groups/groups")), "GroupsPage"),
});
const people = createRoute({
  getParentRoute: () => tenant,
  path: "people",
  component: lazyRouteComponent(withPageTexts(() => import("../pages/people/people")), "PeoplePage"),
});
const settings = createRoute({
  getParentRoute: () => tenant,
  path: "settings",
  component: lazyRouteComponent(withFigureTexts(() => import("../pages/settings/settings")), "SettingsPage"),
});
const server = createRoute({
  getParentRoute: () => shell,
  path: "/server",
  component: lazyRouteComponent(() => import("../pages/server/server"), "ServerPage"),
  errorComponent: ({ error }: ErrorComponentProps) => <PageFailure error={error} />,
});

export const router = createRouter({
  routeTree: root.addChildren([
    index,
    shell.addChildren([
      tenant.addChildren([
        tenantHome,
        overview,
        statements,
        learners,
        learner,
        activities,
        activity,
        retention,
        quality,
        explore,
        audit,
        sources,
        connect,
        groups,
        people,
        settings,
      ]),
      server,
    ]),
  ]),
  context: { queries },
  defaultPreload: "intent",
  scrollRestoration: false,
  defaultErrorComponent: ({ error }: ErrorComponentProps) => <PageFailure error={error} />,
  defaultNotFoundComponent: () => <NotFound />,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

function PageFailure({ error }: { error: unknown }) {
  const current = useRouter();
  return (
    <section className="sheet page-failure">
      <Failure error={error} onRetry={() => void current.invalidate()} />
    </section>
  );
}

function NotFound() {
  return (
    <div className="alone">
      <section className="sheet">
        <Empty icon={CircleHelp} title={t("error.noPage")} actions={<a className="btn" href="/">{t("nav.home")}</a>}>
          {t("error.noPage.try")}
        </Empty>
      </section>
    </div>
  );
}
