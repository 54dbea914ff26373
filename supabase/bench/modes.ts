import { asSuperuser } from "../local/postgres/databases.ts";
import type { Figure } from "./figures.ts";
import type { Bench, Part } from "./part.ts";
import { SigningFamily } from "./signing_family.ts";
import { type RemoteStack, startRemoteStack } from "./stack_process.ts";
import { median, timed } from "./statistics.ts";

const WARM_UP = 10;
const BATCH = 100;
const FAMILY = "modes";

/** What a signature takes in each mode, and by the hundred, measured by the smallest call there is. */
export const modes: Part = {
  name: "modes",
  title: "2-of-3 sessions over HTTP ÷ one trivial RPC over HTTP, in turns",

  async run(bench: Bench): Promise<Figure[]> {
    const rounds = bench.quick ? 30 : 150;
    const stack = await startRemoteStack(bench);
    await prepare(stack);
    const family = await SigningFamily.bringUp(stack, FAMILY, bench.seed);
    const ways = {
      rpc: () => trivial(family),
      twoRounds: () => family.signInTurns(),
      oneTap: () => family.signByTap(),
    };
    const times = { rpc: [] as number[], twoRounds: [] as number[], oneTap: [] as number[] };
    bench.progress(`${rounds} rounds`);
    for (let round = -WARM_UP; round < rounds; round++) {
      if (round % 100 === 0 || round === -WARM_UP) await family.fillPools(300);
      for (const way of ["rpc", "twoRounds", "oneTap"] as const) {
        const { ms } = await timed<unknown>(ways[way]);
        if (round >= 0) times[way].push(ms);
      }
    }
    const figures: Figure[] = [];
    const rpc = median(times.rpc);
    for (
      const [name, way, atMost] of [["two rounds", "twoRounds", 13], [
        "one tap",
        "oneTap",
        12,
      ]] as const
    ) {
      figures.push(
        { name: `${name} ÷ a trivial RPC`, value: median(times[way]) / rpc, unit: "×", atMost },
        { name: `  ${name}`, value: median(times[way]), unit: "ms" },
      );
    }
    figures.push({ name: "  a trivial RPC", value: rpc, unit: "ms" });

    for (const mode of ["two_round", "one_tap"] as const) {
      const single = median(times[mode === "two_round" ? "twoRounds" : "oneTap"]);
      const batches: number[] = [];
      for (let i = 0; i < (bench.quick ? 2 : 6); i++) {
        bench.progress(`a batch of ${BATCH}, ${mode}`);
        await family.fillPools(2 * BATCH);
        batches.push((await timed(() => family.signBatch(BATCH, mode))).ms);
      }
      figures.push(
        {
          name: `${BATCH} messages ÷ ${BATCH} single sessions, ${mode}`,
          value: median(batches) / (BATCH * single),
          unit: "×",
          atMost: 0.25,
        },
        { name: `  a batch of ${BATCH}`, value: median(batches), unit: "ms" },
      );
    }
    bench.note(
      "a session is created, and two guardians answer one after the other; pools were filled before",
    );
    return figures;
  },
};

/** A call that does nothing; and limits that a bench, which is a guardian in a hurry, does not meet. */
async function prepare({ cluster }: RemoteStack): Promise<void> {
  await asSuperuser(cluster, "postgres", (sql) =>
    sql.unsafe(`
      create function public.trivial() returns integer language sql return 1;
      grant execute on function public.trivial() to authenticated;
      insert into permafrost.limits (limit_name, family_id, value)
      select limit_name, '${FAMILY}', 1000000 from permafrost.limits where family_id is null;`));
}

async function trivial({ members: [{ supabase }] }: SigningFamily): Promise<void> {
  const { error } = await supabase.rpc("trivial");
  if (error) throw new Error(error.message);
}
