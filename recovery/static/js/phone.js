// A phone shows its newest text: on opening, and when one arrives while nobody has scrolled back.
const screen = document.getElementById("screen");
const NEAR = 120; // pixels above the end that still count as reading the newest

if (screen) {
  let atEnd = true;
  const toEnd = () => {
    screen.scrollTop = screen.scrollHeight;
  };
  screen.addEventListener("scroll", () => {
    atEnd = screen.scrollHeight - screen.scrollTop - screen.clientHeight < NEAR;
  });
  screen.addEventListener("polled", () => atEnd && toEnd());
  toEnd();
}

// Without script the address leads to the newest text, and the page jumps there; here it is shown anyway, on a whole phone.
const phone = document.querySelector(".phone");
if (phone && location.hash) {
  addEventListener("load", () => requestAnimationFrame(() => phone.scrollIntoView({ block: "nearest", behavior: "instant" })));
}
