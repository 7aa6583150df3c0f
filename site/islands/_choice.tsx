/** A row of radio buttons. */
import type { VNode } from "preact";
import { useId } from "preact/hooks";

/** Options by their values. */
export interface ChoiceProps<T extends string> {
  readonly legend: string;
  readonly value: T;
  readonly options: Readonly<Record<T, string>>;
  readonly onChange: (value: T) => void;
  readonly disabled?: boolean;
}

/** One of several values. */
export function Choice<T extends string>({ legend, value, options, onChange, disabled }: ChoiceProps<T>): VNode {
  const name = useId();
  return (
    <fieldset class="choice" disabled={disabled}>
      <legend>{legend}</legend>
      <div>
        {Object.entries<string>(options).map(([option, label]) => (
          <label key={option}>
            <input
              type="radio"
              name={name}
              value={option}
              checked={option === value}
              onChange={() => onChange(option as T)}
            />
            <span>{label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
