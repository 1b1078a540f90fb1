import type { Say } from "../say.ts";
import { isFlat } from "./figures.ts";
import { addDevices, addLicenses, addTenants, install, type Installation } from "./installation.ts";
import { measure, type Measured, type Pace, type Subject } from "./rounds.ts";
import { coldOf, rotatingDevices, rotatingOver, rotatingTenants } from "./subjects.ts";
import type { Built, Running } from "./workerd.ts";

const VALID = { status: 200, holds: '"valid":true' };

/** How far to let the tables grow. */
export type Sizes = { licenses: readonly number[]; devices: readonly number[]; tenants: readonly number[] };

export const FULL_SIZES: Sizes = { licenses: [1_000, 10_000, 100_000], devices: [1, 1_000], tenants: [1, 1_000] };
export const QUICK_SIZES: Sizes = { licenses: [1_000, 10_000], devices: [1, 100], tenants: [1, 100] };

/** One row of the growth table. */
export type Grown = { of: "licenses" | "devices" | "tenants"; what: "warm" | "cold"; size: number } & Measured;

/** The table, and of each of its series whether it stays flat: in processor time within a tolerance, and in calls altogether. */
export type Growth = { rows: Grown[]; flat: Record<string, { cpu: boolean; calls: boolean }> };

/** Licenses that warm validations go round: the same number however many there are. */
const WARM_SET = 100;

/** Measures the same validations on installations of different size, each in a workerd of its own, in rounds that go over all of them. */
export async function measureGrowth(built: Built, bare: Running, sizes: Sizes, pace: Pace, say: Say): Promise<Growth> {
  const opened: Installation[] = [];
  const opening = async (fill: (installation: Installation) => Promise<Cell[]>): Promise<Cell[]> => {
    const installation = await install(built);
    opened.push(installation);
    return fill(installation);
  };
  try {
    const cells: Cell[] = [];
    for (const size of sizes.licenses) {
      say.progress(`filling: ${size} licenses …`);
      cells.push(...(await opening((installation) => licenseCells(installation, size, pace))));
    }
    cells.push(...(await opening((installation) => deviceCells(installation, sizes.devices))));
    for (const size of sizes.tenants) {
      say.progress(`filling: ${size} tenants …`);
      cells.push(...(await opening((installation) => tenantCells(installation, size))));
    }
    const subjects = cells.map(({ subject }) => subject);
    const { measured } = await measure(bare, subjects, pace, say);
    return grown(
      cells.flatMap(({ of, what, size, subject }) => {
        const figures = measured[subject.name];
        return figures ? [{ of, what, size, ...figures }] : [];
      }),
    );
  } finally {
    await Promise.all(opened.map(({ mf }) => mf.dispose()));
  }
}

type Cell = Pick<Grown, "of" | "what" | "size"> & { subject: Subject };

async function licenseCells(installation: Installation, size: number, pace: Pace): Promise<Cell[]> {
  const { url, vendor } = installation;
  const licenses = await addLicenses(installation, size - 1);
  const warm = licenses.slice(0, WARM_SET);
  const never = licenses.slice(WARM_SET);
  // the smallest table has to do for all stretches, and every table is asked alike
  const mostAStretch = Math.floor((Math.min(never.length, COLD_AT_SMALLEST) - 1 - pace.counted) / (pace.rounds + 2));
  const cold = { shot: coldOf(url, vendor, never), writes: true, mostAStretch };
  return [
    cellOf("licenses", "warm", size, { worker: installation, shot: rotatingOver(url, vendor, warm), goesRound: WARM_SET }),
    cellOf("licenses", "cold", size, { worker: installation, ...cold }),
  ];
}

const COLD_AT_SMALLEST = 899;

/** Licenses of one tenant, each with another number of devices: what one of them costs does not hang on its neighbours. */
async function deviceCells(installation: Installation, sizes: readonly number[]): Promise<Cell[]> {
  const { url, vendor } = installation;
  const licenses = await addLicenses(installation, sizes.length);
  const cells: Cell[] = [];
  for (const [index, license] of licenses.entries()) {
    const size = sizes[index] ?? 1;
    const devices = await addDevices(installation, license, size - 1);
    const shot = rotatingDevices(url, { ...vendor, ...license }, devices);
    cells.push(cellOf("devices", "warm", size, { worker: installation, shot, goesRound: size }));
  }
  return cells;
}

async function tenantCells(installation: Installation, size: number): Promise<Cell[]> {
  const { url, vendor } = installation;
  const tenants = [vendor, ...(await addTenants(installation, size - 1))];
  return [
    cellOf("tenants", "warm", size, { worker: installation, shot: rotatingTenants(url, vendor, tenants), goesRound: size }),
  ];
}

const cellOf = (of: Grown["of"], what: Grown["what"], size: number, subject: Omit<Subject, "name" | "expected">): Cell => ({
  of,
  what,
  size,
  subject: { name: `${what}, ${size} ${of}`, expected: VALID, ...subject },
});

/** The table with its verdicts. */
export function grown(rows: Grown[]): Growth {
  const series = new Map<string, Grown[]>();
  for (const row of rows) {
    const name = `${row.of}_${row.what}`;
    series.set(name, [...(series.get(name) ?? []), row]);
  }
  const flat: Growth["flat"] = {};
  for (const [name, of] of series) {
    const calls = new Set(of.map(({ awaited }) => JSON.stringify(awaited)));
    flat[name] = { cpu: isFlat(of.map(({ cpu_ratio }) => cpu_ratio)), calls: calls.size === 1 };
  }
  return { rows, flat };
}
