import { useState } from "react";
import { SelectField, TextField } from "../../../parts/field";
import { CONDITION_FIELDS, isTruth, OPERATORS, writeWhere, type ConditionField, type Operator } from "../../../statement/where";
import { tp } from "../../../text/pages/text";
import { t } from "../../../text/text";

/** Fields with texts that are ids: whole values are tested, not parts. */
const WHOLE: readonly ConditionField[] = ["success", "completion", "registration"];

/** A condition on a field: is, is not, contains. */
export function ConditionFields({ onAdd }: { onAdd: (where: string) => void }) {
  const [field, setField] = useState<ConditionField>("object.name");
  const [chosen, setOperator] = useState<Operator>("~");
  const [value, setValue] = useState("");
  const operators = OPERATORS.filter((known) => (field === "group" ? known === "~" : known !== "~" || !WHOLE.includes(field)));
  const operator = operators.includes(chosen) ? chosen : (operators[0] ?? "=");
  return (
    <form
      className="dialog-body form"
      onSubmit={(event) => {
        event.preventDefault();
        const given = isTruth(field) ? value || "true" : value.trim();
        if (given) onAdd(writeWhere({ field, operator, value: given }));
      }}
    >
      <p>{tp("search.condition.how")}</p>
      <SelectField label={tp("search.of")} value={field} onChange={(event) => setField(event.target.value as ConditionField)}>
        {CONDITION_FIELDS.map((known) => (
          <option key={known} value={known}>
            {tp(`where.${known}`)}
          </option>
        ))}
      </SelectField>
      <SelectField label={t("explore.operator")} value={operator} onChange={(event) => setOperator(event.target.value as Operator)}>
        {operators.map((known) => (
          <option key={known} value={known}>
            {t(`operator.${known}`)}
          </option>
        ))}
      </SelectField>
      {isTruth(field) ? (
        <SelectField label={t("explore.value")} value={value || "true"} onChange={(event) => setValue(event.target.value)}>
          <option value="true">{tp("search.yes")}</option>
          <option value="false">{tp("search.no")}</option>
        </SelectField>
      ) : (
        <TextField label={t("explore.value")} required maxLength={1_000} value={value} onChange={(event) => setValue(event.target.value)} />
      )}
      <div className="row end">
        <button className="btn primary" type="submit">
          {t("filter.apply")}
        </button>
      </div>
    </form>
  );
}
