/**
 * Who is logged in, and in which families.
 *
 * @module
 */
import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { type Claims, membershipsOf } from "../../supabase/functions/_shared/caller.ts";
import { fieldOf } from "../shapes.ts";
import type { Config } from "./config.ts";

/** The login. */
export class Account {
  readonly supabase: SupabaseClient;
  readonly #claims = signal<Claims | null | undefined>(undefined);
  /** What the token says: the server judges by the same. Null when logged out; undefined until it is known. */
  readonly claims: ReadonlySignal<Claims | null | undefined> = this.#claims;
  /** Who the user is in each family. */
  readonly memberships = computed(() => membershipsOf(this.#claims.value ?? {}));
  /** Whether the user may look at the project's figures. */
  readonly isOperator = computed(() => {
    const claims = this.#claims.value;
    return [claims, claims?.app_metadata]
      .some((place) => fieldOf(place, "permafrost_operator") === true);
  });

  constructor({ url, publishableKey }: Config) {
    this.supabase = createClient(url, publishableKey);
    this.supabase.auth.onAuthStateChange((_event, session) => {
      this.#claims.value = session === null ? null : claimsIn(session.access_token);
    });
  }

  /** The user's id; the name of what this browser keeps for it. */
  get userId(): string {
    return String(this.#claims.value?.sub ?? "");
  }

  /** Answers why it was refused. */
  async logIn(email: string, password: string): Promise<string | undefined> {
    const { error } = await this.supabase.auth.signInWithPassword({ email, password });
    return error?.message;
  }

  /** Answers why it was refused, or what to do next. */
  async signUp(email: string, password: string): Promise<string | undefined> {
    const { data, error } = await this.supabase.auth.signUp({ email, password });
    if (error) return error.message;
    return data.session === null ? "Open the link that was sent to you, then log in" : undefined;
  }

  /** Gets a new token: what operators have changed is in it. */
  async lookAgain(): Promise<string | undefined> {
    const { error } = await this.supabase.auth.refreshSession();
    return error?.message;
  }

  async logOut(): Promise<void> {
    await this.supabase.auth.signOut({ scope: "local" });
  }
}

function claimsIn(token: string): Claims {
  const [, payload = ""] = token.split(".");
  const bytes = Uint8Array.from(
    atob(payload.replaceAll("-", "+").replaceAll("_", "/")),
    (character) => character.charCodeAt(0),
  );
  return JSON.parse(new TextDecoder().decode(bytes));
}
