/**
 * Choosing a passphrase: typed twice, since nobody can reset it.
 *
 * @module
 */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { SHORTEST, weaknessOf } from "../../ceremonies/sealed.ts";
import { Act, Field } from "./basics.tsx";

/** Two fields and a button, whose work gets the passphrase. */
export function NewPassphrase(
  { label, kind, children, onChosen }: {
    label: string;
    kind?: "main";
    children: ComponentChildren;
    onChosen: (passphrase: string) => Promise<void>;
  },
) {
  const [passphrase, setPassphrase] = useState("");
  const [again, setAgain] = useState("");
  const choose = async () => {
    const weakness = weaknessOf(passphrase);
    if (weakness !== undefined) return weakness;
    if (passphrase !== again) return "The two are not the same";
    await onChosen(passphrase);
    setPassphrase("");
    setAgain("");
  };
  return (
    <>
      <Field
        label={label}
        type="password"
        autoComplete="new-password"
        hint={`At least ${SHORTEST} characters; several words are good`}
        value={passphrase}
        onValue={setPassphrase}
      />
      <Field
        label="The same again"
        type="password"
        autoComplete="new-password"
        value={again}
        onValue={setAgain}
      />
      <p class="acts">
        <Act kind={kind} disabled={passphrase === ""} work={choose}>{children}</Act>
      </p>
    </>
  );
}
