/**
 * What awaits this guardian: each thing whole, with who asks, and one press for yes.
 *
 * @module
 */
import { useEffect, useState } from "preact/hooks";
import { RecoveryGuardian } from "../../recovery/guardian.ts";
import { RecoveryRequests } from "../../recovery/requests.ts";
import { recipientFingerprint } from "../../recovery/envelope.ts";
import { kindName, marked, type SessionText } from "../../presentation/session_text.ts";
import type { FrostSession, RecoveryRequestSummary } from "../../sessions/session.ts";
import type { Account } from "../account.ts";
import type { Asked, Desk } from "../desk.ts";
import type { FamilyDesk } from "../family_desk.ts";
import { Act, Field, Page, Problem, routeTo, sentenceOf, Tick, When } from "../parts/basics.tsx";

/** The inbox. */
export function Inbox({ account, family }: { account: Account; family: FamilyDesk }) {
  const desk = family.desk.value;
  if (desk === undefined) {
    return (
      <Page title="Inbox">
        <Ceremonies family={family} />
        <p>
          This device has no share of this family's key, so nothing can be asked of it. Take part in
          a <a href="#/ceremonies">ceremony</a>, or <a href="#/family">get your share back</a>.
        </p>
      </Page>
    );
  }
  const asked = desk.asked.value;
  const recoveries = desk.recoveries.value;
  return (
    <Page title="Inbox">
      <Problem of={desk.problem.value} />
      {desk.otherDevice.value
        ? (
          <p class="notice bad" role="alert">
            Another device of yours is running. Each takes away what the other has prepared: stop
            one of them. If it is not yours, tell the others at once.
          </p>
        )
        : null}
      {family.waiting.value === 0 ? <p>Nothing awaits you.</p> : null}
      <Ceremonies family={family} />
      {asked.map((one) => (
        <Question key={one.session.session_id} asked={one} desk={desk} family={family} />
      ))}
      {recoveries.map((request) => (
        // What was heard and ticked is of this person's key, and of no other that the server shows after that.
        <Recovery
          key={[request.request_id, request.created_by, request.recipient_public_key].join()}
          {...{ request, desk, account, family }}
        />
      ))}
      <Outcomes desk={desk} />
    </Page>
  );
}

function Question({ asked, desk, family }: { asked: Asked; desk: Desk; family: FamilyDesk }) {
  const { session, text, approved } = asked;
  const [allowed, setAllowed] = useState(false);
  const { familyId, device } = family;
  useEffect(() => void device.signsUnreadable(familyId).then(setAllowed), []);
  return (
    <article aria-label={titleOf(session, text.what)}>
      <h2>{titleOf(session, text.what)}</h2>
      <p class="dim">
        Asked <When at={session.created_at} />, until <When at={session.expires_at} />
      </p>
      <Lines text={text} />
      {text.readable ? null : (
        <p class="notice bad">
          Unreadable: nobody can tell from this what you would sign. {allowed
            ? "This device may sign it all the same. Ask who asks, by voice, what it is."
            : "This device does not sign such things; its settings are on the page Device."}
        </p>
      )}
      {approved
        ? (
          <p role="status">
            Approved. Your part is being done. If you close this page now, look here again later.
          </p>
        )
        : (
          <div class="acts">
            <Act
              kind="main"
              disabled={!text.readable && !allowed}
              work={() => desk.approve(asked)}
            >
              Approve
            </Act>
            <Decline decline={(reason) => sentenceOf(desk.decline(session.session_id, reason))} />
          </div>
        )}
      <p class="dim">
        Approving cannot be taken back. Declining is final, and the others read why.
      </p>
    </article>
  );
}

/** What is signed, line by line. */
export function Lines({ text }: { text: SessionText }) {
  return (
    <dl>
      {text.lines.map(({ label, text }, i) => (
        <div key={i}>
          <dt>{label}</dt>
          <dd
            class={label === "Hash" || label === "Author" ? "mono" : label === "Text" ? "text" : ""}
          >
            {text}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** A session in a few words. @param what - As it was found on this device; else as the server says. */
export function titleOf(
  { created_by, event_kind }: Pick<FrostSession, "created_by" | "event_kind">,
  what = event_kind === null ? "a hash" : kindName(event_kind),
): string {
  return `${marked(created_by)} asks for a signature: ${what}`;
}

/** Those that wait for this guardian: what is to be compared stands on their own page. */
function Ceremonies({ family }: { family: FamilyDesk }) {
  return (
    <>
      {family.ceremonies.awaiting.value.map(({ ceremonyId, kind, createdBy }) => (
        <article key={ceremonyId} aria-label="A ceremony awaits you">
          <h2>
            <a href={routeTo("ceremonies", ceremonyId)}>A ceremony awaits you</a>
          </h2>
          <p class="dim">
            {kind === "dkg" ? "A new key is to be made" : "The key is to be dealt anew"}
            {createdBy === null ? "" : `, as ${marked(createdBy)} asks`}. Be on a call with the
            others.
          </p>
        </article>
      ))}
    </>
  );
}

function Recovery(
  { request, desk, account, family }: {
    request: RecoveryRequestSummary;
    desk: Desk;
    account: Account;
    family: FamilyDesk;
  },
) {
  const [compared, setCompared] = useState(false);
  const recipient = request.recipient_public_key;
  const give = async () => {
    const keyShare = family.share.value?.keyShare;
    if (keyShare === undefined) return "This device has no share";
    const read = await new RecoveryRequests(account.supabase).get(request.request_id);
    if (!read.success) return read.error;
    return await sentenceOf(
      new RecoveryGuardian(account.supabase).submitShare(read.request, {
        keyShare,
        // What was compared is what the share is encrypted to.
        approve: ({ fingerprint }) =>
          recipient !== null && fingerprint === recipientFingerprint(recipient),
      }),
    );
  };
  return (
    <article aria-label={`${marked(request.created_by)} asks for your share`}>
      <h2>{marked(request.created_by)} asks for your share itself</h2>
      <p class="notice bad">
        This is a recovery. With enough shares {marked(request.created_by)}{" "}
        has the whole key, for good, and not one signature. Give yours only in an emergency that you
        know of.
      </p>
      {recipient === null ? <p>Their device has not named its key yet.</p> : (
        <>
          <p>
            Their device shows: <code>{recipientFingerprint(recipient)}</code>
          </p>
          <Tick checked={compared} onChecked={setCompared}>
            I have heard these digits from them, by voice or in person
          </Tick>
        </>
      )}
      <div class="acts">
        <Act kind="bad" disabled={!compared} work={give}>Give my share</Act>
        <Decline decline={(reason) => sentenceOf(desk.decline(request.request_id, reason))} />
      </div>
    </article>
  );
}

function Decline({ decline }: { decline: (reason: string) => Promise<string | undefined> }) {
  const [reason, setReason] = useState<string>();
  if (reason === undefined) {
    return <button type="button" onClick={() => setReason("")}>Decline …</button>;
  }
  return (
    <div class="decline">
      <Field label="Why, for the others to read" value={reason} onValue={setReason} />
      <Act kind="bad" disabled={reason.trim() === ""} work={() => decline(reason)}>Decline</Act>
      <button type="button" onClick={() => setReason(undefined)}>Back</button>
    </div>
  );
}

function Outcomes({ desk }: { desk: Desk }) {
  const outcomes = desk.outcomes.value;
  return (
    <section aria-live="polite" aria-label="Done here">
      {outcomes.length === 0 ? null : <h2>Done here</h2>}
      <ul class="plain">
        {outcomes.map(({ sessionId, ok, what }) => (
          <li key={sessionId}>
            {ok ? "" : "Not signed: "}
            {marked(what)}{" "}
            <a href={routeTo("sessions", sessionId)} class="mono">{marked(sessionId)}</a>
          </li>
        ))}
      </ul>
    </section>
  );
}
