/** A server that lies of ceremonies: between one client and the stack, it tells something else than what is so. */
import type { SupabaseClient } from "@supabase/supabase-js";
import { Ceremony } from "../../functions/_shared/database.ts";
import { termsOf } from "../../functions/_shared/ceremony/coordination.ts";
import { paramsIdOf } from "../../functions/_shared/ceremony/terms.ts";
import type { Payload } from "../../functions/_shared/ceremony/payload.ts";
import type { StackAddress } from "../../local/stack.ts";
import { clientOf } from "./app_family.ts";

/** A ceremony as `get_key_ceremony` tells it. */
export type Told = Readonly<Record<string, unknown>>;

/** A row of `frost_ceremony_messages`. */
export interface Row {
  readonly round: number;
  readonly participant_id: string;
  readonly payload: Payload;
}

/** What is told in the place of the truth. */
export interface Lies {
  readonly ceremony?: (told: Told) => Told;
  readonly messages?: (rows: readonly Row[]) => readonly Row[];
}

/** A client that is lied to, and the messages it has sent. */
export interface Deceived {
  readonly supabase: SupabaseClient;
  /** As `<round> <payload>`, each once. */
  readonly sent: ReadonlySet<string>;
}

/** A client of a guardian that is told lies. */
export async function deceive(
  stack: Pick<StackAddress, "apiUrl" | "publishableKey">,
  participant: string,
  family: string,
  lies: Lies,
): Promise<Deceived> {
  const sent = new Set<string>();
  const lyingFetch: typeof fetch = async (input, init) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input);
    if (pathname.endsWith("/submit-ceremony-message")) {
      const { round, payload } = JSON.parse(String(init?.body));
      sent.add(`${round} ${JSON.stringify(payload)}`);
    }
    const response = await fetch(input, init);
    const lie = pathname.endsWith("/get_key_ceremony")
      ? lies.ceremony
      : pathname.endsWith("/frost_ceremony_messages")
      ? lies.messages
      : undefined;
    if (lie === undefined || !response.ok) return response;
    return Response.json(lie(await response.json()), { status: response.status });
  };
  return { supabase: await clientOf(stack, participant, family, { fetch: lyingFetch }), sent };
}

/** Other terms, with the `params_id` that is theirs. */
export function withFittingId(told: Told): Told {
  return { ...told, params_id: paramsIdOf(termsOf(Ceremony.parse(told))) };
}
