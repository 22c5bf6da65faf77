import { KeyRound } from "lucide-react";
import { CopyButton, saveFile } from "../../parts/copy";
import { Icon } from "../../parts/icon";
import { t } from "../../text/text";
import { PRODUCTS, type Access, type Product } from "./products";

/** The settings of a product, to be copied one by one, and what can be pasted as a whole. */
export function Settings({ access, product }: { access: Access; product: Product }) {
  const snippet = product.snippet;
  const snippetName = typeof snippet?.name === "function" ? snippet.name() : snippet?.name;
  return (
    <>
      <p className="dim">{product.place()}</p>
      <dl className="settings">
        {product.settings(access).map((setting) => (
          <div key={setting.field}>
            <dt>{setting.field}</dt>
            <dd>
              <span className={`mono ${setting.isSecret ? "secret" : ""}`}>{setting.value}</span>
              <CopyButton text={setting.value} name={t("settings.copy", setting.field)} />
            </dd>
          </div>
        ))}
      </dl>
      <p className="note warn">
        <Icon of={KeyRound} />
        <span>
          <b>{t("secret.once")}</b> {t("secret.once.try")}{" "}
          <button
            className="link"
            type="button"
            onClick={() =>
              saveFile(
                "acta.env",
                "text/plain",
                `LRS_ENDPOINT=${access.endpoint}\nLRS_KEY=${access.key}\nLRS_SECRET=${access.secret}\n`,
              )
            }
          >
            {t("secret.save")}
          </button>
        </span>
      </p>
      {product.note ? <p className="dim t12">{product.note()}</p> : null}
      {snippet ? (
        <div className="snippet">
          <div className="row">
            <h3>{snippetName}</h3>
            <CopyButton text={() => snippet.text(access)} name={t("settings.copy", snippetName ?? "")} />
          </div>
          <pre className="js" tabIndex={0} role="region" aria-label={snippetName}>
            {snippet.text(access)}
          </pre>
        </div>
      ) : null}
    </>
  );
}

/** A choice among the products. */
export function ProductChoice({ chosen, onChoose }: { chosen: string; onChoose: (product: Product) => void }) {
  return (
    <div className="products" role="group" aria-label={t("connect.what")}>
      {PRODUCTS.map((product) => (
        <button key={product.id} className="btn" type="button" aria-pressed={product.id === chosen} onClick={() => onChoose(product)}>
          {product.name}
        </button>
      ))}
    </div>
  );
}
