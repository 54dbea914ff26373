import { RecoveryGuardian } from "../../client/recovery/guardian.ts";
import { RecoveryRequester } from "../../client/recovery/requester.ts";
import { RecoveryRequests } from "../../client/recovery/requests.ts";
import { must } from "../local/family.ts";
import { Calls } from "./calls.ts";
import type { Figure } from "./figures.ts";
import type { Bench, Part } from "./part.ts";
import { SigningFamily } from "./signing_family.ts";
import { startRemoteStack } from "./stack_process.ts";
import { median, sum, summarise, timed } from "./statistics.ts";

const WARM_UP = 5;

/** The emergency path from the request to the signature, each call after the one before. */
export const recovery: Part = {
  name: "recovery",
  title: "a 2-of-3 recovery over HTTP, from the request to the signature",

  async run(bench: Bench): Promise<Figure[]> {
    const count = bench.quick ? 20 : 100;
    const stack = await startRemoteStack(bench);
    const calls = new Calls();
    const family = await SigningFamily.bringUp(stack, "recovery", bench.seed, calls.fetch);
    bench.progress("warming up");
    for (let i = 0; i < WARM_UP; i++) await recover(family);
    bench.progress(`${count} recoveries`);
    const whole: number[] = [];
    const requests: number[] = [];
    for (let i = 0; i < count; i++) {
      calls.clear();
      whole.push((await timed(() => recover(family))).ms);
      requests.push(sum(calls.all));
    }
    bench.note(`${count} recoveries; ${calls.all.length} calls each`);
    const { median: middle, p95 } = summarise(whole);
    return [
      { name: "whole recovery, median", value: middle, unit: "ms" },
      { name: "whole recovery, p95", value: p95, unit: "ms" },
      { name: "  in its calls", value: median(requests), unit: "ms" },
      {
        name: "  on the devices",
        value: median(whole.map((ms, i) => ms - requests[i])),
        unit: "ms",
      },
    ];
  },
};

async function recover(family: SigningFamily): Promise<string> {
  const { members, key } = family;
  const [requesting, ...guardians] = members;
  const requester = RecoveryRequester.prepare(requesting.supabase, family.nextRequest());
  const { requestId } = must(await requester.send());
  for (const { supabase, participant } of guardians) {
    const { request } = must(await new RecoveryRequests(supabase).get(requestId));
    const keyShare = key.keyShares.find((share) => share.participant_id === participant);
    if (keyShare === undefined) throw new Error(`${participant} has no share.`);
    must(
      await new RecoveryGuardian(supabase).submitShare(request, { keyShare, approve: () => true }),
    );
  }
  return must(await requester.finish()).finalSignature;
}
