// Gives every <pre> and every [data-copy] a button that copies its text. Without it, people select.
"use strict";

const status = document.createElement("p");
status.className = "unseen";
status.setAttribute("role", "status");
(document.querySelector("main") ?? document.body).append(status);

for (const source of document.querySelectorAll("pre, [data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy ${source.dataset.copy || "the text"}`);
  button.addEventListener("click", async () => {
    button.textContent = status.textContent = (await copied(source)) ? "Copied" : "Press Ctrl+C";
  });
  source.after(button);
}

async function copied(source) {
  getSelection().selectAllChildren(source);
  try {
    // Not there over plain HTTP; what is selected can then be copied by hand.
    await navigator.clipboard.writeText(source.textContent);
    return true;
  } catch {
    return false;
  }
}
