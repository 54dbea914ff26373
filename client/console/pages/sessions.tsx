/**
 * What was asked for, each session as a line of its states; and one, with its transcript verified here.
 *
 * @module
 */
import { useState } from "preact/hooks";
import { eventId, type EventTemplate } from "../../../supabase/functions/_shared/frost/nostr.ts";
import { FrostError } from "../../../supabase/functions/_shared/frost/error.ts";
import type { KeptShare } from "../../guardian/key_share.ts";
import { marked, sessionTextFor } from "../../presentation/session_text.ts";
import { listPage, SESSIONS } from "../../sessions/list.ts";
import { FrostSessionManager } from "../../sessions/manager.ts";
import type { FrostSession, FrostSessionSummary } from "../../sessions/session.ts";
import type { Account } from "../account.ts";
import type { FamilyDesk } from "../family_desk.ts";
import { readRecord, type SessionRecord } from "../session_record.ts";
import { Act, Field, Page, Problem, routeTo, When } from "../parts/basics.tsx";
import { usePolled } from "../parts/polled.ts";
import { Lines, titleOf } from "./inbox.tsx";

interface Props {
  readonly account: Account;
  readonly family: FamilyDesk;
}

/** The sessions of a family. */
export function Sessions({ account, family }: Props) {
  const { supabase } = account;
  const { familyId } = family;
  const { data, problem, again } = usePolled(
    (signal) => listPage(supabase, SESSIONS, { familyId }, { signal }),
    [familyId],
  );
  const share = family.share.value;
  return (
    <Page title="Sessions">
      <Problem of={problem} />
      {share === undefined ? null : <Ask {...{ account, family, share, onAsked: again }} />}
      {data?.rows.length === 0 ? <p>Nothing was asked for yet.</p> : null}
      {data?.rows.map((session) => (
        <article key={session.session_id} aria-label={titleOf(session)}>
          <h2>
            <a href={routeTo("sessions", session.session_id)}>{titleOf(session)}</a>
          </h2>
          <StateLine session={session} />
        </article>
      ))}
    </Page>
  );
}

const COMMITTING = ["pending", "nonce_collection"];
const SIGNING = ["signing", "aggregating"];

/** Where a session stands, as a line of states, and who is waited for. */
function StateLine({ session }: { session: FrostSessionSummary }) {
  const { status, created_at, expires_at, mode, missing_commitments, missing_signatures } = session;
  const step = COMMITTING.includes(status) ? 0 : SIGNING.includes(status) ? 1 : 2;
  const end = step === 2 ? status : "signed";
  const waited = step === 0 ? missing_commitments : missing_signatures;
  const declined = Object.entries(session.declined);
  return (
    <>
      <ol class="states" aria-label="States">
        <li class="past">
          asked <When at={created_at} />
        </li>
        {["preparing", "signing"].map((name, i) => (
          <li
            key={name}
            class={i < step ? "past" : i === step ? "now" : ""}
            aria-current={i === step ? "step" : undefined}
          >
            {name}
          </li>
        ))}
        <li class={step === 2 ? "now" : ""}>{end}</li>
      </ol>
      <p class="dim">
        {step === 2 ? null : (
          <>
            {mode === "two_round" && waited.length > 0
              ? `Waiting for ${marked(waited.join(", "))}, until `
              : `Waiting for ${session.threshold} of ${
                marked(session.participants.join(", "))
              }, until `}
            <When at={expires_at} />
          </>
        )}
        {session.signers === null ? null : ` Signers: ${marked(session.signers.join(", "))}.`}
        {declined.map(([who, why]) => ` ${marked(who)} declined: ${marked(why)}.`)}
        {status === "failed" ? ` ${marked(session.error_message ?? "")}` : null}
      </p>
    </>
  );
}

/** Asking for a signature on a note, or on any event. */
function Ask(
  { account, family, share, onAsked }: Props & { share: KeptShare; onAsked: () => void },
) {
  const [text, setText] = useState("");
  const [whole, setWhole] = useState(false);
  const ask = async () => {
    const { keyShare: key } = share;
    try {
      const eventTemplate: EventTemplate = whole
        ? JSON.parse(text)
        : { kind: 1, created_at: Math.floor(Date.now() / 1000), tags: [], content: text };
      const created = await new FrostSessionManager(account.supabase).createSession({
        familyId: family.familyId,
        messageHash: eventId(eventTemplate, key.group_public_key),
        eventTemplate,
        participants: key.participants,
        threshold: key.threshold,
        mode: "one_tap",
        expirationSeconds: 86_400,
      }, { participantId: family.participantId });
      if (!created.success) return created.error;
      setText("");
      onAsked();
    } catch (error) {
      if (error instanceof SyntaxError) return "This is not JSON";
      if (error instanceof FrostError) return error.message;
      throw error;
    }
  };
  return (
    <details>
      <summary>Ask for a signature</summary>
      <p class="acts">
        <label>
          <input type="radio" name="what" checked={!whole} onChange={() => setWhole(false)} />{" "}
          a note
        </label>
        <label>
          <input type="radio" name="what" checked={whole} onChange={() => setWhole(true)} />{" "}
          an event, as JSON
        </label>
      </p>
      <Field label={whole ? "The event" : "The note"} lines={5} value={text} onValue={setText} />
      <p class="acts">
        <Act kind="main" disabled={text.trim() === ""} work={ask}>Ask the guardians</Act>
      </p>
    </details>
  );
}

/** One session. */
export function Session({ account, family, id }: Props & { id: string }) {
  const { supabase } = account;
  const { data, problem } = usePolled(
    (signal) => readRecord(supabase, (told) => family.checkTranscript(told), id, { signal }),
    [id],
  );
  const share = data?.share;
  const text = share && sessionTextFor(share, data.session);
  return (
    <Page title={data === undefined ? "Session" : titleOf(data.session, text?.what)}>
      <Problem of={problem} />
      {data === undefined ? <p>Reading …</p> : (
        <>
          <StateLine session={data.session} />
          {text === undefined
            ? (
              <p>
                This device has no share of the key of this session, and cannot tell what it signs.
              </p>
            )
            : <Lines text={text} />}
          <SignedEvent session={data.session} />
          <History {...data} />
        </>
      )}
      <p>
        <a href="#/sessions">All sessions</a>
      </p>
    </Page>
  );
}

function SignedEvent({ session }: { session: FrostSession }) {
  if (session.final_signature === null) return null;
  return (
    <p>
      Signature: <code>{marked(session.final_signature)}</code>
    </p>
  );
}

/** What happened, in order; what is proven by arithmetic, and what is the server's word. */
function History({ transcript, share, verified }: SessionRecord) {
  const claimed = new Set(verified.success ? verified.claimed.map(({ seq }) => seq) : []);
  return (
    <section>
      <h2>What happened</h2>
      {verified.success
        ? (
          <p>
            Checked on this device: the record is whole
            {share === undefined ? ", of a key that this device does not know" : ""}
            {verified.proven.shares.length > 0
              ? `, and the shares of ${marked(verified.proven.shares.join(", "))} are theirs`
              : ""}
            {verified.proven.finalSignature === null ? "." : ", and the signature is the key's."}
          </p>
        )
        : (
          <p class="notice bad" role="alert">
            This record does not hold: {marked(verified.error)}. Tell the others, and sign nothing.
          </p>
        )}
      <ol class="plain">
        {transcript.events.map(({ seq, event, actor, occurred_at }) => (
          <li key={seq}>
            <When at={occurred_at} /> {marked(event.replaceAll("_", " "))}
            {actor === null ? "" : `, ${marked(actor)}`}
            {claimed.has(seq) ? <span class="dim">(the server says)</span> : null}
          </li>
        ))}
      </ol>
    </section>
  );
}
