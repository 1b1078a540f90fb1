/** Zones that change their clocks, or did: by an hour, by half of one, by two, at midnight, in the south, over the date line. */
export const ZONES = [
  "UTC",
  "America/New_York",
  "America/Chicago",
  "America/Denver",
  "America/Los_Angeles",
  "America/Anchorage",
  "America/Halifax",
  "America/St_Johns",
  "America/Havana",
  "America/Sao_Paulo",
  "America/Santiago",
  "America/Asuncion",
  "Europe/London",
  "Europe/Lisbon",
  "Europe/Berlin",
  "Europe/Athens",
  "Europe/Moscow",
  "Europe/Chisinau",
  "Asia/Jerusalem",
  "Asia/Beirut",
  "Asia/Tehran",
  "Africa/Cairo",
  "Africa/Casablanca",
  "Australia/Sydney",
  "Australia/Adelaide",
  "Australia/Lord_Howe",
  "Pacific/Auckland",
  "Pacific/Chatham",
  "Pacific/Apia",
  "Pacific/Norfolk",
  "Antarctica/Troll",
];

/** Every change of a zone's clocks from `from` to `to`, to the second, as the platform's own calendar tells it. */
export function clockChanges(zone: string, from: Date, to: Date): Date[] {
  const format = new Intl.DateTimeFormat("en", { timeZone: zone, timeZoneName: "longOffset", year: "numeric" });
  const offset = (ms: number) => format.format(ms).replace(/^.*GMT/, "");
  const WEEK = 604_800_000;
  const changes: Date[] = [];
  for (let ms = from.getTime(); ms < to.getTime(); ms += WEEK) {
    if (offset(ms) === offset(ms + WEEK)) continue;
    let [before, after] = [ms, ms + WEEK];
    while (after - before > 1000) {
      const middle = Math.floor((before + after) / 2000) * 1000;
      if (offset(middle) === offset(before)) before = middle;
      else after = middle;
    }
    changes.push(new Date(after));
  }
  return changes;
}
