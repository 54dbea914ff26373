/**
 * A guardian in a process of its own, which kills itself before and after what it keeps and sends. What it is, and where it
 * keeps things, comes as JSON on the command line; at which moment it was killed is the last line that it writes.
 */
import { createClient } from "@supabase/supabase-js";
import { Ceremony } from "../../../client/ceremonies/ceremony.ts";
import { FileCeremonyStore } from "../../../client/ceremonies/file_ceremony_store.ts";
import { HostKey } from "../../../client/ceremonies/host_key.ts";
import type { CeremonyRecords, CeremonyStore, Stage } from "../../../client/ceremonies/store.ts";
import type { KeyShare } from "../../../client/guardian/key_share.ts";

/** What the process is told. */
export interface ProcessOptions {
  readonly apiUrl: string;
  readonly publishableKey: string;
  readonly token: string;
  readonly words: string;
  readonly name: string;
  readonly directory: string;
  readonly ceremonyId: string;
  readonly paramsId: string;
  readonly keyShare?: KeyShare;
  /** At the first of these moments that it comes to, it is killed. */
  readonly killAt: readonly string[];
}

const STEPS = [
  "create begun",
  "send 1",
  "create certified",
  "send 2",
  "create decided",
  "send 3",
  "create finished",
  "remove begun",
];

/** All moments at which a device can be killed: before and after each thing that it keeps or sends. */
export const MOMENTS: readonly string[] = STEPS.flatMap((
  step,
) => [`before ${step}`, `after ${step}`]);

async function main(options: ProcessOptions): Promise<void> {
  const at = (moment: string) => {
    if (!options.killAt.includes(moment)) return;
    console.log(moment);
    Deno.kill(Deno.pid, "SIGKILL");
  };
  const step = async <Answer>(name: string, work: () => Promise<Answer>): Promise<Answer> => {
    at(`before ${name}`);
    const answer = await work();
    at(`after ${name}`);
    return answer;
  };
  const files = await FileCeremonyStore.open(options.directory);
  const store: CeremonyStore = {
    read: (id, stage) => files.read(id, stage),
    create: <S extends Stage>(id: string, stage: S, record: CeremonyRecords[S]) =>
      step(`create ${stage}`, () => files.create(id, stage, record)),
    remove: (id, stage) => step(`remove ${stage}`, () => files.remove(id, stage)),
  };
  const supabase = createClient(options.apiUrl, options.publishableKey, {
    accessToken: () => Promise.resolve(options.token),
    global: {
      fetch: (input, init) =>
        String(input).includes("/functions/v1/")
          ? step(`send ${JSON.parse(String(init?.body)).round}`, () => fetch(input, init))
          : fetch(input, init),
    },
  });
  const joined = await Ceremony.join(options.ceremonyId, { paramsId: options.paramsId }, {
    supabase,
    hostKey: HostKey.fromWords(options.words),
    participantId: options.name,
    store,
    keyShare: options.keyShare,
  });
  console.log(JSON.stringify(joined.success ? joined.keyShare ?? null : joined));
  Deno.exit(joined.success ? 0 : 1);
}

if (import.meta.main) await main(JSON.parse(Deno.args[0]));
