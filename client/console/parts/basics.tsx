/**
 * Small things that every page is made of.
 *
 * @module
 */
import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { pictureOf } from "../../presentation/fingerprint.ts";
import { dateText, marked } from "../../presentation/session_text.ts";
import type { Failure } from "../../result.ts";

/** A page: its heading, and what is below. */
export function Page({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <>
      <h1 tabIndex={-1}>{title}</h1>
      {children}
    </>
  );
}

/** Why something did not work, and its code. */
export function Problem({ of }: { of: Pick<Failure, "code" | "error"> | undefined }) {
  if (of === undefined) return null;
  const isOffline = of.code === "network_error" || of.code === "timeout";
  return (
    <p class="notice bad" role="alert">
      {isOffline
        ? "The server cannot be reached. What this device knows is shown; it is tried again."
        : marked(`${of.error} (${of.code})`)}
    </p>
  );
}

/** A moment, in this person's own time. */
export function When({ at }: { at: number }) {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return <>{dateText(at)}</>;
  const text = date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  return <time dateTime={dateText(at)}>{text}</time>;
}

/** A picture of a hash. */
export function Picture({ of }: { of: string }) {
  return (
    <svg class="picture" viewBox="0 0 8 8" aria-hidden="true">
      {pictureOf(of).flatMap((row, y) =>
        row.flatMap((on, x) =>
          on ? [<rect key={`${x} ${y}`} x={x} y={y} width="1" height="1" />] : []
        )
      )}
    </svg>
  );
}

/** A button whose work takes a while, and may fail with a sentence. */
export function Act(
  { children, work, kind = "", disabled = false }: {
    children: ComponentChildren;
    /** Answers why it failed; nothing if it did not. */
    work: () => Promise<string | undefined | void>;
    kind?: "main" | "bad" | "";
    disabled?: boolean;
  },
) {
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const press = async () => {
    setBusy(true);
    setWrong(undefined);
    try {
      const said = await work();
      if (said !== undefined) setWrong(said);
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
    }
    setBusy(false);
  };
  return (
    <>
      <button type="button" class={kind} disabled={busy || disabled} onClick={press}>
        {children}
        {busy ? " …" : ""}
      </button>
      {wrong === undefined ? null : <span class="wrong" role="alert">{marked(wrong)}</span>}
    </>
  );
}

const KINDS = {
  text: { type: "text" },
  email: { type: "email" },
  password: { type: "password" },
  number: { type: "number" },
} as const;

/** A labelled field. */
export function Field(
  { label, hint, ...input }: {
    label: string;
    hint?: string;
    value: string;
    onValue: (value: string) => void;
    type?: keyof typeof KINDS;
    autoComplete?: "off" | "username" | "current-password" | "new-password";
    lines?: number;
  },
) {
  const id = useId();
  const { value, onValue, lines, type = "text", autoComplete = "off" } = input;
  const describedBy = hint === undefined ? undefined : `${id}-hint`;
  const changed = (event: Event) => {
    const { target } = event;
    if (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement) {
      onValue(target.value);
    }
  };
  return (
    <p class="field">
      <label for={id}>{label}</label>
      {lines === undefined
        ? (
          <input
            id={id}
            {...KINDS[type]}
            value={value}
            autocomplete={autoComplete}
            aria-describedby={describedBy}
            onInput={changed}
          />
        )
        : (
          <textarea
            id={id}
            rows={lines}
            value={value}
            aria-describedby={describedBy}
            onInput={changed}
          />
        )}
      {hint === undefined ? null : <small id={describedBy}>{hint}</small>}
    </p>
  );
}

/** A box to tick, with its sentence. */
export function Tick(
  { children, checked, onChecked }: {
    children: ComponentChildren;
    checked: boolean;
    onChecked: (checked: boolean) => void;
  },
) {
  return (
    <label class="tick">
      <input
        type="checkbox"
        checked={checked}
        onChange={({ currentTarget }) => onChecked(currentTarget.checked)}
      />
      <span>{children}</span>
    </label>
  );
}

/** The link to what a page is about. */
export function routeTo(page: "sessions" | "ceremonies", id: string): string {
  return `#/${page}/${encodeURIComponent(id)}`;
}

/** The sentence of a result that failed; nothing of one that did not. */
export async function sentenceOf(
  result: Promise<{ readonly success: boolean }>,
): Promise<string | undefined> {
  const settled: { readonly success: boolean; readonly error?: string } = await result;
  return settled.success ? undefined : settled.error;
}
