import type { License, LicenseRow } from "#db/licensing/licenses";
import type { Repo } from "#db/repo";
import { changing } from "#kernel/changing";
import { changeFact } from "#kernel/facts";
import { licenseNotFound } from "#kernel/not-found";
import type { EventType } from "#rules/events";
import { presentLicense, type LicenseShown } from "./presenters.ts";

/**
 * Changes a license and tells of it. `change` gets the license as it is and returns the columns that become different, null where what is
 * wanted is so already, or throws why not; it is asked again when somebody else was faster. Throws `license_not_found`.
 */
export async function changeLicense(
  { repo, now }: { repo: Repo; now: Date },
  id: string,
  event: EventType,
  change: (license: License) => Partial<LicenseRow> | null,
): Promise<LicenseShown> {
  return changing(async () => {
    const license = await repo.licenses.byId(id);
    if (!license) throw licenseNotFound({});
    const before = presentLicense(license, now);
    const columns = change(license);
    if (columns === null) return before;
    const row = { ...license.row, ...columns, updatedAt: now };
    const after = presentLicense({ ...license, row }, now);
    return (await repo.licenses.update(row, { facts: [changeFact(event, before, after)], answer: [200, after] })) && after;
  });
}
