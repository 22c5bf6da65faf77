import { Fragment } from "react";
import type { Said } from "../statement/language";
import { piecesOf, safeLink, shorten } from "../statement/visible";

/** A text of a sender: nothing but text, apart from its surroundings, and with nothing hidden. */
export function Untrusted({ said, max }: { said: Said | string; max?: number }) {
  const { text, language } = typeof said === "string" ? { text: said, language: undefined } : said;
  const lang = language && /^[a-z]{2,3}(?:-[a-z0-9]+)*$/iu.test(language) && language !== "und" ? language : undefined;
  return (
    <bdi lang={lang}>
      {piecesOf(shorten(text, max)).map((piece, index) =>
        piece.hidden ? (
          <span key={index} className="hidden-char" title={piece.hidden}>
            {piece.hidden}
          </span>
        ) : (
          <Fragment key={index}>{piece.text}</Fragment>
        ),
      )}
    </bdi>
  );
}

/** An address of a sender: a link only if it is one of the web. */
export function UntrustedLink({ address }: { address: string }) {
  const link = safeLink(address);
  if (!link) return <Untrusted said={address} />;
  return (
    <a href={link} target="_blank" rel="noopener noreferrer nofollow external">
      <Untrusted said={address} />
    </a>
  );
}
