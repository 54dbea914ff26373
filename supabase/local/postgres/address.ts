/** The cluster's superuser, as on a hosted project; migrations do not run as it. */
export const SUPERUSER = "supabase_admin";

/** The users who can log in. The others are reached by `set role`. */
export type DatabaseUser =
  | typeof SUPERUSER
  | "postgres"
  | "authenticator"
  | "supabase_auth_admin";

/** The public password of local development, of every user but the superuser. */
export const LOCAL_PASSWORD = "postgres";

/** What it takes to connect to a cluster. Plain JSON, so that one process can tell another. */
export interface ClusterAddress {
  readonly port: number;
  readonly superuserPassword: string;
}

/** The connection string for a database of the cluster. */
export function databaseUrl(
  { port, superuserPassword }: ClusterAddress,
  database: string,
  user: DatabaseUser = "postgres",
): string {
  const password = user === SUPERUSER ? superuserPassword : LOCAL_PASSWORD;
  return `postgresql://${user}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
}
