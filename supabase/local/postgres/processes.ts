import { basename } from "node:path";

/**
 * A process, told apart from a later one with the same id by the moment it started.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly started: string;
}

/**
 * Names the set of processes that can be seen from here: the boot of this machine, and the container.
 * Process ids of another realm mean nothing in this one.
 */
export async function processRealm(): Promise<string> {
  if (Deno.build.os !== "linux") return Deno.hostname();
  const boot = await Deno.readTextFile("/proc/sys/kernel/random/boot_id").catch(() => "");
  const namespace = await Deno.readLink("/proc/self/ns/pid").catch(() => "");
  return `${boot.trim()} ${namespace}`;
}

/** Identifies a running process; `undefined` if there is none, or only its corpse. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const found = Deno.build.os === "linux"
    ? await readProc(pid)
    : (await listFromPs()).find((process) => process.pid === pid);
  return found && { pid, started: found.started };
}

/** Whether exactly this process still runs. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  return (await identify(identity.pid))?.started === identity.started;
}

/** Ends a process and its children with SIGKILL, and returns when all of them are gone. */
export async function killFamily(parent: ProcessIdentity): Promise<void> {
  if (!(await isRunning(parent))) return;
  const processes = await listProcesses();
  const family = processes.filter(({ pid, parentPid }) =>
    pid === parent.pid || parentPid === parent.pid
  );
  // The parent goes first, so that it cannot replace a child that died.
  family.sort((a, b) => Number(b.pid === parent.pid) - Number(a.pid === parent.pid));
  for (const { pid } of family) {
    try {
      Deno.kill(pid, "SIGKILL");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  await untilGone(family);
}

/**
 * The processes that did nothing but launch this one (`npx`, its shell, `deno task`), nearest first.
 */
export async function launchers(): Promise<ProcessIdentity[]> {
  const processes = await listProcesses();
  const found: ProcessIdentity[] = [];
  let between: ProcessIdentity[] = [];
  let pid = Deno.ppid;
  for (;;) {
    const { parentPid, command, started } = processes.find((process) => process.pid === pid) ?? {};
    if (parentPid === undefined || command === undefined || started === undefined) return found;
    const line = await commandLine(pid);
    const name = basename(command);
    if (/^(deno|node|npm|npx)/.test(name) && /\bdeno\b/.test(line)) {
      found.push(...between, { pid, started });
      between = [];
    } else if (/^(sh|dash|bash)$/.test(name) && /\bdeno\b/.test(line)) {
      // A launcher only if npx is above it. Else it is the caller's, and may end before this does.
      between.push({ pid, started });
    } else {
      return found;
    }
    pid = parentPid;
  }
}

async function commandLine(pid: number): Promise<string> {
  if (Deno.build.os === "linux") {
    const words = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
    return words.replaceAll("\0", " ");
  }
  const { stdout } = await new Deno.Command("ps", {
    args: ["-o", "command=", "-p", String(pid)],
  }).output();
  return new TextDecoder().decode(stdout);
}

async function untilGone(family: readonly ProcessIdentity[]): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    const alive = await listProcesses();
    const left = family.some(({ pid, started }) =>
      alive.some((process) => process.pid === pid && process.started === started)
    );
    if (!left) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`Process ${family[0].pid} or one of its children is still there after SIGKILL.`);
}

interface ListedProcess extends ProcessIdentity {
  readonly parentPid: number;
  readonly command: string;
}

async function listProcesses(): Promise<ListedProcess[]> {
  return Deno.build.os === "linux" ? await listFromProc() : await listFromPs();
}

async function listFromProc(): Promise<ListedProcess[]> {
  const found: ListedProcess[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    const process = /^\d+$/.test(name) ? await readProc(Number(name)) : undefined;
    if (process !== undefined) found.push(process);
  }
  return found;
}

async function readProc(pid: number): Promise<ListedProcess | undefined> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
  const command = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
  // The command may itself hold spaces and parentheses; what follows the last one is plain.
  const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const started = rest[17];
  if (started === undefined || state === "Z" || state === "X") return undefined;
  return { pid, parentPid: Number(parent), command, started };
}

async function listFromPs(): Promise<ListedProcess[]> {
  const { stdout } = await new Deno.Command("ps", {
    args: ["-A", "-o", "pid=,ppid=,stat=,lstart=,comm="],
    env: { LC_ALL: "C" },
  }).output();
  const lines = new TextDecoder().decode(stdout).split("\n");
  return lines.flatMap((line) => {
    const [pid, parentPid, state, ...rest] = line.trim().split(/\s+/);
    if (rest.length < 6 || state.startsWith("Z")) return [];
    const started = rest.slice(0, 5).join(" ");
    const command = rest.slice(5).join(" ");
    return [{ pid: Number(pid), parentPid: Number(parentPid), command, started }];
  });
}
