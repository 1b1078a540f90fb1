/**
 * Whether an endpoint `e` subscribes to an event `told`: to everything, to its type, or to all events of its noun. One condition for the delivery that
 * is written with the event, and for one that is made of it later.
 */
export const SUBSCRIBES = `exists (
  select 1 from json_each(e.events) p where p.value in ('*', told.type, substr(told.type, 1, instr(told.type, '.')) || '*'))`;
