import { Link } from "@tanstack/react-router";
import { Check } from "lucide-react";
import { useState } from "react";
import type { Credential } from "../../api/credentials";
import { useViewer } from "../../app/context";
import { useTitle } from "../../app/title";
import { Icon } from "../../parts/icon";
import { NotPermitted, Refusal } from "../../parts/states";
import { t } from "../../text/text";
import { Arrivals } from "./arrivals";
import { useCredentialChanges } from "./changes";
import { PRODUCTS, type Product } from "./products";
import { RestrictFields, type Restrictions } from "./restrict";
import { RightsSentence } from "./rights";
import { ProductChoice, Settings } from "./secret";

/** Connects a source: what sends, its credential, its settings, and its first statement. */
export function ConnectPage() {
  const { tenant, role, may } = useViewer();
  useTitle(t("sources.connect"));
  if (!may("write-credentials")) return <NotPermitted role={role} right="write-credentials" />;
  return (
    <>
      <div className="head">
        <div className="crumb">
          <Link to="/t/$tenant/sources" params={{ tenant: String(tenant) }}>
            {t("nav.sources")}
          </Link>{" "}
          / {t("sources.connect")}
        </div>
        <h1>{t("sources.connect")}</h1>
      </div>
      <Steps tenant={tenant} />
    </>
  );
}

const FIRST = PRODUCTS[0] as Product;

function Steps({ tenant }: { tenant: number }) {
  const [product, setProduct] = useState<Product>(FIRST);
  const [restrictions, setRestrictions] = useState<Restrictions>({
    label: FIRST.name,
    scopes: [...FIRST.scopes],
    is_read_only: false,
    activity_prefixes: [],
    origins: [],
    expires: null,
  });
  const [made, setMade] = useState<{ credential: Credential; secret: string }>();
  const { create } = useCredentialChanges(tenant);
  const choose = (chosen: Product) => {
    setProduct(chosen);
    if (made) return;
    const isOwnName = PRODUCTS.every((known) => known.name !== restrictions.label);
    setRestrictions({ ...restrictions, label: isOwnName ? restrictions.label : chosen.name, scopes: [...chosen.scopes] });
  };
  const submit = async () => {
    const created = await create.mutateAsync(restrictions);
    setMade({ credential: created, secret: created.secret ?? "" });
  };
  const access = made
    ? { endpoint: `${window.location.origin}/xapi`, key: made.credential.key, secret: made.secret }
    : undefined;
  return (
    <div className={`grid connect ${made ? "two" : ""}`}>
      <section className="sheet steps">
        <Step number={1} isDone={made !== undefined} title={t("connect.what")}>
          <ProductChoice chosen={product.id} onChoose={choose} />
        </Step>
        <Step number={2} isDone={made !== undefined} title={t("connect.credential")}>
          {made ? (
            <RightsSentence credential={made.credential} />
          ) : (
            <form
              className="form"
              onSubmit={(event) => {
                event.preventDefault();
                void submit().catch(() => undefined);
              }}
            >
              <RightsSentence credential={restrictions} />
              <details className="more">
                <summary>{t("connect.change")}</summary>
                <RestrictFields value={restrictions} error={create.error} onChange={setRestrictions} />
              </details>
              <Refusal error={create.error} />
              <button className="btn primary" type="submit" disabled={create.isPending || restrictions.scopes.length === 0}>
                {t("connect.create")}
              </button>
            </form>
          )}
        </Step>
        {access ? (
          <Step number={3} title={t("connect.paste", product.name)}>
            <Settings access={access} product={product} />
          </Step>
        ) : null}
      </section>
      {made ? <Arrivals credential={made.credential} secret={made.secret} /> : null}
    </div>
  );
}

function Step({ number, title, isDone = false, children }: { number: number; title: string; isDone?: boolean; children: React.ReactNode }) {
  return (
    <div className="step">
      <div className="n">{isDone ? <Icon of={Check} className="good" /> : number}</div>
      <div className="body">
        <h2>{title}</h2>
        {children}
      </div>
    </div>
  );
}
