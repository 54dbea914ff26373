/**
 * Key ceremonies: starting one, and which there were.
 *
 * @module
 */
import { useState } from "preact/hooks";
import {
  type KeyStatus,
  listHostKeys,
  readKeyStatus,
  startCeremony,
} from "../../ceremonies/calls.ts";
import { type CeremonySummary, listCeremonies } from "../../ceremonies/reading.ts";
import { marked } from "../../presentation/session_text.ts";
import { success } from "../../result.ts";
import type { Account } from "../account.ts";
import type { FamilyDesk } from "../family_desk.ts";
import { Act, Field, Page, Problem, routeTo, Tick, When } from "../parts/basics.tsx";
import { usePolled } from "../parts/polled.ts";

interface Props {
  readonly account: Account;
  readonly family: FamilyDesk;
}

/** All ceremonies of a family. */
export function Ceremonies({ account, family }: Props) {
  const { supabase } = account;
  const { familyId } = family;
  const { data, problem, again } = usePolled(async (signal) => {
    const listed = await listCeremonies(supabase, familyId, { signal });
    if (!listed.success) return listed;
    const keys = await listHostKeys(supabase, familyId, { signal });
    if (!keys.success) return keys;
    const status = await readKeyStatus(supabase, familyId, { signal });
    if (!status.success && status.code !== "no_key_package") return status;
    const guardians = keys.hostKeys.filter(({ retiredAt }) => retiredAt === null)
      .map(({ participantId }) => participantId);
    return success({
      ceremonies: listed.ceremonies,
      guardians,
      current: status.success ? status.status : undefined,
    });
  }, [familyId]);
  const open = data?.ceremonies.filter(isOpen) ?? [];
  const over = data?.ceremonies.filter((ceremony) => !isOpen(ceremony)) ?? [];
  return (
    <Page title="Ceremonies">
      <p>
        In a ceremony guardians make a key together, or give the key they have new shares. The key
        never exists in one place. Be on a call with each other: you will read words aloud.
      </p>
      <Problem of={problem} />
      {data === undefined ? <p>Reading …</p> : null}
      {open.map((ceremony) => <Listed key={ceremony.ceremonyId} ceremony={ceremony} />)}
      {data !== undefined && open.length === 0
        ? <Start {...{ account, family, ...data, onStarted: again }} />
        : null}
      {over.length === 0 ? null : <h2>Earlier</h2>}
      {over.map((ceremony) => <Listed key={ceremony.ceremonyId} ceremony={ceremony} />)}
    </Page>
  );
}

const isOpen = ({ status }: CeremonySummary) =>
  ["round_one", "round_two", "confirming"].includes(status);

function Listed({ ceremony }: { ceremony: CeremonySummary }) {
  const { ceremonyId, kind, status, threshold, participants, createdAt, createdBy } = ceremony;
  const title = kind === "dkg" ? "A new key" : "The key, dealt anew";
  return (
    <article aria-label={title}>
      <h2>
        <a href={routeTo("ceremonies", ceremonyId)}>
          {title}: {threshold} of {participants.length}
        </a>
      </h2>
      <p class="dim">
        {marked(status.replaceAll("_", " "))}, started <When at={createdAt} />
        {createdBy === null ? "" : ` by ${marked(createdBy)}`}, for{" "}
        {marked(participants.join(", "))}
      </p>
    </article>
  );
}

function Start(
  { account, family, guardians, current, onStarted }: Props & {
    guardians: readonly string[];
    current: KeyStatus | undefined;
    onStarted: () => void;
  },
) {
  const [chosen, setChosen] = useState<readonly string[]>();
  const [threshold, setThreshold] = useState(String(current?.keyPackage.threshold ?? 2));
  const [dealers, setDealers] = useState<readonly string[]>();
  const [anew, setAnew] = useState(current !== undefined);
  const participants = chosen ?? guardians;
  const old = anew ? current?.keyPackage : undefined;
  const dealing = dealers ?? old?.participants.slice(0, old.threshold) ?? [];
  const start = async () => {
    const { familyId, participantId } = family;
    const started = await startCeremony(account.supabase, {
      familyId,
      kind: old === undefined ? "dkg" : "reshare",
      threshold: Number(threshold),
      participants,
      ...(old === undefined ? {} : { dealers: dealing }),
    }, { participantId });
    if (!started.success) return started.error;
    onStarted();
    location.hash = routeTo("ceremonies", started.ceremonyId);
  };
  return (
    <details open={current === undefined}>
      <summary>{current === undefined ? "Make the family's key" : "Start a ceremony"}</summary>
      {current === undefined ? null : (
        <p class="acts">
          <label>
            <input type="radio" name="kind" checked={anew} onChange={() => setAnew(true)} />{" "}
            deal this key anew: add or replace guardians, change the threshold, help one who lost a
            share
          </label>
          <label>
            <input type="radio" name="kind" checked={!anew} onChange={() => setAnew(false)} />{" "}
            another key
          </label>
        </p>
      )}
      <Choice
        legend="Who gets a share"
        among={guardians}
        chosen={participants}
        onChosen={setChosen}
      />
      {old === undefined ? null : (
        <Choice
          legend={`Who deals: exactly ${old.threshold} guardians of the key as it is`}
          among={old.participants}
          chosen={dealing}
          onChosen={setDealers}
        />
      )}
      <Field
        label="How many sign together"
        type="number"
        value={threshold}
        onValue={setThreshold}
      />
      <p class="acts">
        <Act kind="main" work={start}>Start</Act>
      </p>
    </details>
  );
}

function Choice(
  { legend, among, chosen, onChosen }: {
    legend: string;
    among: readonly string[];
    chosen: readonly string[];
    onChosen: (chosen: readonly string[]) => void;
  },
) {
  return (
    <fieldset>
      <legend>{legend}</legend>
      {among.map((name) => (
        <Tick
          key={name}
          checked={chosen.includes(name)}
          onChecked={(checked) =>
            onChosen(among.filter((one) => one === name ? checked : chosen.includes(one)))}
        >
          {marked(name)}
        </Tick>
      ))}
    </fieldset>
  );
}
