// Runs before the page is painted, so that what needs a script never flickers in or out.
document.documentElement.classList.add("scripted");
