import { Search } from "lucide-react";
import { useState } from "react";
import { Icon } from "../../../parts/icon";
import { tp } from "../../../text/pages/text";

/** Looks for a text in the names of statements, once Enter is pressed or the box is left. */
export function TextSearch({ text, onChange }: { text: string; onChange: (text: string | undefined) => void }) {
  const [typed, setTyped] = useState(text);
  const [known, setKnown] = useState(text);
  if (known !== text) {
    setKnown(text);
    setTyped(text);
  }
  const search = () => {
    if (typed.trim() !== text.trim()) onChange(typed.trim() || undefined);
  };
  return (
    <form
      className="find"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        search();
      }}
    >
      <Icon of={Search} />
      <input
        className="input"
        type="search"
        aria-label={tp("search.text")}
        placeholder={tp("search.text")}
        title={tp("search.text.hint")}
        maxLength={200}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          // What the button of the browser empties is not confirmed by a key.
          if (event.target.value === "" && text !== "") onChange(undefined);
        }}
        onBlur={search}
      />
    </form>
  );
}
