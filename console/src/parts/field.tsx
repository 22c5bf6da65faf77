import { useId, type ComponentProps, type ReactNode } from "react";

interface Shown {
  label: string;
  hint?: ReactNode;
  error?: string;
}

/** A labelled input with its hint and its error. */
export function TextField({ label, hint, error, ...input }: Shown & ComponentProps<"input">) {
  const id = useId();
  const described = [hint ? `${id}-hint` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ");
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        {...input}
        id={id}
        className={`input ${error ? "faulty" : ""}`}
        aria-invalid={error ? true : undefined}
        aria-describedby={described || undefined}
      />
      {hint ? <small id={`${id}-hint`}>{hint}</small> : null}
      {error ? (
        <small id={`${id}-error`} className="bad">
          {error}
        </small>
      ) : null}
    </div>
  );
}

/** A labelled text of several lines. */
export function TextAreaField({ label, hint, error, ...area }: Shown & ComponentProps<"textarea">) {
  const id = useId();
  const described = [hint ? `${id}-hint` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ");
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <textarea {...area} id={id} className={`input ${error ? "faulty" : ""}`} aria-invalid={error ? true : undefined} aria-describedby={described || undefined} />
      {hint ? <small id={`${id}-hint`}>{hint}</small> : null}
      {error ? (
        <small id={`${id}-error`} className="bad">
          {error}
        </small>
      ) : null}
    </div>
  );
}

/** A labelled choice of the browser. */
export function SelectField({ label, hint, error, children, ...select }: Shown & ComponentProps<"select">) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select {...select} id={id} className="input" aria-describedby={hint ? `${id}-hint` : undefined}>
        {children}
      </select>
      {hint ? <small id={`${id}-hint`}>{hint}</small> : null}
      {error ? <small className="bad">{error}</small> : null}
    </div>
  );
}

/** A box to tick, with its label beside it. */
export function CheckField({ label, hint, ...input }: { label: string; hint?: ReactNode } & ComponentProps<"input">) {
  const id = useId();
  return (
    <div className="check">
      <input {...input} type="checkbox" id={id} aria-describedby={hint ? `${id}-hint` : undefined} />
      <label htmlFor={id}>{label}</label>
      {hint ? <small id={`${id}-hint`}>{hint}</small> : null}
    </div>
  );
}
