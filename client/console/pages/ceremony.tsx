/**
 * One ceremony: what to compare, who is missing, and taking part.
 *
 * @module
 */
import { useEffect, useState } from "preact/hooks";
import {
  keyPackageDigest,
  paramsIdOf,
} from "../../../supabase/functions/_shared/ceremony/terms.ts";
import { keyPackageFingerprint } from "../../../supabase/functions/_shared/frost/key_package.ts";
import { approveKeyPackage, failCeremony } from "../../ceremonies/calls.ts";
import { membersOf, warningsOf } from "../../ceremonies/pins.ts";
import { type CeremonyView, readCeremony } from "../../ceremonies/reading.ts";
import { checkReadiness, type Readiness } from "../../ceremonies/readiness.ts";
import { marked } from "../../presentation/session_text.ts";
import type { Account } from "../account.ts";
import type { FamilyDesk } from "../family_desk.ts";
import { Act, Page, Problem, sentenceOf, Tick, When } from "../parts/basics.tsx";
import { HashWords, HostKeyFingerprint } from "../parts/fingerprints.tsx";
import { usePolled } from "../parts/polled.ts";

interface Props {
  readonly account: Account;
  readonly family: FamilyDesk;
}

interface Shown extends Props {
  readonly view: CeremonyView;
}

/** A ceremony by its id. */
export function CeremonyPage({ account, family, id }: Props & { id: string }) {
  const { supabase } = account;
  const { data, problem } = usePolled(
    (signal) => readCeremony(supabase, id, { signal }),
    [id],
    2_000,
  );
  const view = data?.ceremony;
  return (
    <Page title={view?.terms.kind === "reshare" ? "The key, dealt anew" : "A new key"}>
      <Problem of={problem} />
      {view === undefined
        ? <p>Reading …</p>
        : <OneCeremony key={view.terms.ceremonyId} {...{ account, family, view, id }} />}
      <p>
        <a href="#/ceremonies">All ceremonies</a>
      </p>
    </Page>
  );
}

/** Terms never change: what was read aloud is what stood here first, and what is joined is the same. */
function OneCeremony({ id, ...shown }: Shown & { id: string }) {
  const { family, view: { terms, paramsId } } = shown;
  const [first] = useState(paramsId);
  const own = family.share.value;
  const { fromPackage } = terms;
  // What is dealt anew, as this device knows it: warnings are told from it.
  const isOurs = own === undefined || own.epoch !== fromPackage?.epoch ||
    own.keyShare.key_package_fingerprint === keyPackageFingerprint(fromPackage);
  const isOne = paramsId === first && paramsIdOf(terms) === paramsId && terms.ceremonyId === id &&
    terms.familyId === family.familyId && isOurs;
  return isOne ? <Body {...shown} /> : (
    <p class="notice bad" role="alert">
      The server contradicts itself about this ceremony. Take no part in it, and tell the others.
    </p>
  );
}

function Body({ account, family, view }: Shown) {
  const { terms, status } = view;
  const running = family.ceremonies.running.value.get(terms.ceremonyId);
  const me = family.participantId;
  const takesPart = [...terms.participants, ...terms.dealers ?? []].includes(me);
  const isOpen = view.round !== null;
  const warnings = warningsOf(terms);
  return (
    <>
      <dl>
        <div>
          <dt>Afterwards</dt>
          <dd>
            any {terms.threshold} of {marked(terms.participants.join(", "))} sign together
          </dd>
        </div>
        {terms.dealers === null ? null : (
          <div>
            <dt>Dealt by</dt>
            <dd>{marked(terms.dealers.join(", "))}</dd>
          </div>
        )}
        <div>
          <dt>State</dt>
          <dd>{stateOf(view)}</dd>
        </div>
        <div>
          <dt>Until</dt>
          <dd>
            <When at={view.expiresAt} />
          </dd>
        </div>
      </dl>
      {warnings.map((warning) => <p key={warning} class="notice bad">{marked(warning)}</p>)}
      {view.blamed.length === 0
        ? null
        : <p class="notice bad">Deviated from the protocol: {marked(view.blamed.join(", "))}</p>}
      {running?.ended === undefined
        ? null
        : (
          <p class={running.ended.ok ? "notice" : "notice bad"} role="status">
            {marked(running.ended.what)}
          </p>
        )}
      {!takesPart
        ? <p>You take no part in this one.</p>
        : running !== undefined && running.ended === undefined
        ? (
          <p role="status">
            This device takes part. Leave the page open, or come back: it goes on by itself.
          </p>
        )
        : isOpen
        ? <Join {...{ account, family, view }} />
        : null}
      {status === "confirming" && view.approvalsMissing > 0
        ? <ApproveKey key={digestOf(view)} {...{ account, family, view }} />
        : null}
      {isOpen ? <Stop {...{ account, family, view }} /> : null}
    </>
  );
}

function stateOf({ status, missing, approvalsMissing, errorMessage }: CeremonyView): string {
  if (status === "failed") return `failed: ${marked(errorMessage ?? "")}`;
  const name = status.replaceAll("_", " ");
  if (missing.length > 0) return `${name}, waiting for ${marked(missing.join(", "))}`;
  return approvalsMissing > 0
    ? `${name}, ${approvalsMissing} guardians of the current key must agree`
    : name;
}

function Join({ account, family, view }: Shown) {
  const { terms, paramsId } = view;
  const { device, familyId, hostKey, participantId } = family;
  const [same, setSame] = useState(false);
  const [compared, setCompared] = useState<ReadonlyMap<string, string>>();
  const [checks, setChecks] = useState<readonly Readiness[]>([]);
  useEffect(() => void device.compared(familyId).then(setCompared), []);
  const members = membersOf(terms);
  const differing = members.filter(([name, key]) => (compared?.get(name) ?? key) !== key)
    .map(([name]) => name);
  const join = async () => {
    const store = await device.vault.ceremonies();
    const found = await checkReadiness(terms.ceremonyId, { paramsId }, {
      supabase: account.supabase,
      hostKey,
      participantId,
      store,
    });
    setChecks(found);
    if (found.every(({ ok }) => ok)) await family.ceremonies.join(terms.ceremonyId, paramsId);
  };
  return (
    <section>
      <h2>Compare, then take part</h2>
      <p>
        Everybody sees the same words, if nobody stands between you. Let one of you read them aloud.
        They are not secret.
      </p>
      <HashWords hash={paramsId} />
      <details>
        <summary>Each guardian's host key</summary>
        <dl>
          {members.map(([name, hostPublicKey]) => (
            <div key={`${name} ${hostPublicKey}`}>
              <dt>{marked(name)}{compared?.has(name) ? ", compared" : ""}</dt>
              <dd>
                <HostKeyFingerprint hostPublicKey={hostPublicKey} />
              </dd>
            </div>
          ))}
        </dl>
        <p>
          In a terminal: <code>params_id {paramsId}</code>
        </p>
      </details>
      {differing.length === 0 ? null : (
        <p class="notice bad" role="alert">
          The host key of {marked(differing.join(", "))}{" "}
          is not the one that you have compared. Take no part before you know why.
        </p>
      )}
      <Tick checked={same} onChecked={setSame}>
        The others have the same words and the same picture
      </Tick>
      <p class="acts">
        <Act
          kind="main"
          disabled={!same || compared === undefined || differing.length > 0}
          work={join}
        >
          Take part
        </Act>
      </p>
      {checks.filter(({ ok }) => !ok).map(({ check, what }) => (
        <p key={check} class="notice bad" role="alert">{marked(what)}</p>
      ))}
    </section>
  );
}

/** Of the key that would be registered. What was ticked is of the one that was shown. */
const digestOf = ({ keyPackage }: CeremonyView) => keyPackage && keyPackageDigest(keyPackage);

/** A key that nobody dealt from the current one takes its place only with the consent of that one's guardians. */
function ApproveKey({ account, family, view: { keyPackage } }: Shown) {
  const [same, setSame] = useState(false);
  if (keyPackage === null || family.share.value === undefined) return null;
  const { familyId, participantId, hostKey } = family;
  return (
    <section>
      <h2>May this key take the place of yours?</h2>
      <p>
        The current key retires then, and whatever is open under it ends. Its new guardians see the
        same words:
      </p>
      <HashWords hash={keyPackageDigest(keyPackage)} />
      <Tick checked={same} onChecked={setSame}>The new guardians have read me these words</Tick>
      <p class="acts">
        <Act
          kind="main"
          disabled={!same}
          work={() =>
            sentenceOf(
              approveKeyPackage(account.supabase, familyId, participantId, hostKey, keyPackage),
            )}
        >
          Agree
        </Act>
      </p>
    </section>
  );
}

function Stop({ account, family, view: { terms } }: Shown) {
  const [sure, setSure] = useState(false);
  const { desk } = family;
  const stop = async () => {
    const reason = `Stopped by ${family.participantId}`;
    const failed = await failCeremony(account.supabase, terms.ceremonyId, reason);
    if (failed.success || failed.code !== "not_the_creator" || desk.value === undefined) {
      return failed.success ? undefined : failed.error;
    }
    return await sentenceOf(desk.value.decline(terms.ceremonyId, reason));
  };
  return (
    <details>
      <summary>Stop this ceremony</summary>
      <Tick checked={sure} onChecked={setSure}>It ends for everybody; no key is made</Tick>
      <p class="acts">
        <Act kind="bad" disabled={!sure} work={stop}>Stop it</Act>
      </p>
    </details>
  );
}
