/**
 * A guardian's device in a process of its own: takes part in one ceremony, and kills itself at a given moment.
 *
 * `CEREMONY_PROCESS` is the JSON of a `Part`; `CEREMONY_KILL` is a moment, as "after create begun" or
 * "before submit-ceremony-message 2". The last line of its output is the JSON of what `Ceremony.join` answered.
 */
import { createClient } from "@supabase/supabase-js";
import { Ceremony } from "../../../client/ceremonies/ceremony.ts";
import { FileCeremonyStore } from "../../../client/ceremonies/file_ceremony_store.ts";
import { HostKey } from "../../../client/ceremonies/host_key.ts";
import type { CeremonyStore } from "../../../client/ceremonies/store.ts";
import type { KeyShare } from "../../../client/guardian/key_share.ts";

/** What a process is told. */
export interface Part {
  readonly apiUrl: string;
  readonly publishableKey: string;
  readonly token: string;
  readonly participantId: string;
  /** Of the host key. */
  readonly words: string;
  readonly ceremonyId: string;
  readonly paramsId: string;
  /** Of the store. */
  readonly directory: string;
  /** A file that gets a line for each message, before it is sent. */
  readonly sent: string;
  readonly keyShare?: KeyShare;
}

const moment = Deno.env.get("CEREMONY_KILL");

/** Does something, and dies before or after it if this is the moment. */
async function at<T>(operation: string, work: () => Promise<T>): Promise<T> {
  await dieAt(`before ${operation}`);
  const result = await work();
  await dieAt(`after ${operation}`);
  return result;
}

async function dieAt(now: string): Promise<void> {
  if (now !== moment) return;
  Deno.kill(Deno.pid, "SIGKILL");
  await Promise.withResolvers<never>().promise;
}

function mortal(store: CeremonyStore): CeremonyStore {
  return {
    read: (ceremonyId, stage) => store.read(ceremonyId, stage),
    create: (ceremonyId, stage, record) =>
      at(`create ${stage}`, () => store.create(ceremonyId, stage, record)),
    remove: (ceremonyId, stage) => at(`remove ${stage}`, () => store.remove(ceremonyId, stage)),
  };
}

/** A fetch whose operations are called by the last part of their path; of a message also by its round. */
function mortalFetch(sent: string): typeof fetch {
  return (input, init) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input);
    const name = pathname.slice(pathname.lastIndexOf("/") + 1);
    if (name !== "submit-ceremony-message") return at(name, () => fetch(input, init));
    const { round, payload } = JSON.parse(String(init?.body));
    return at(`${name} ${round}`, () => {
      Deno.writeTextFileSync(sent, `${round} ${JSON.stringify(payload)}\n`, { append: true });
      return fetch(input, init);
    });
  };
}

if (import.meta.main) {
  const part: Part = JSON.parse(Deno.env.get("CEREMONY_PROCESS") ?? "");
  const { apiUrl, publishableKey, participantId, keyShare } = part;
  const supabase = createClient(apiUrl, publishableKey, {
    accessToken: () => Promise.resolve(part.token),
    global: { fetch: mortalFetch(part.sent) },
  });
  const joined = await Ceremony.join(part.ceremonyId, { paramsId: part.paramsId }, {
    supabase,
    hostKey: HostKey.fromWords(part.words),
    participantId,
    store: mortal(await FileCeremonyStore.open(part.directory)),
    keyShare,
  });
  console.log(JSON.stringify(joined));
  Deno.exit(0);
}
