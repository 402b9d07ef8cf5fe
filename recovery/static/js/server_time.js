// The server's time on a device whose own clock may be wrong by hours.

let offset = 0; // milliseconds to add to this device's clock

export function resync(instant) {
  const server = Date.parse(instant);
  if (!Number.isNaN(server)) offset = server - Date.now();
}

export function serverNow() {
  return Date.now() + offset;
}

// Tells both hands apart: a clock that was put right while the page was open must not move a promise.
let lastWall = Date.now();
let lastSteady = performance.now();

export function followClockSteps() {
  const wall = Date.now();
  const steady = performance.now();
  const step = wall - lastWall - (steady - lastSteady);
  // A step back can only be somebody's hand. A step forward is more often a device that slept, and then the wall is right.
  if (step < -1500) offset -= step;
  lastWall = wall;
  lastSteady = steady;
}

resync(document.querySelector('meta[name="server-now"]')?.content);
