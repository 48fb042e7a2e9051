// Buttons that copy the text of the element that they name; without script they are not shown.
for (const button of document.querySelectorAll("button[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    getSelection().selectAllChildren(source);
    button.textContent = (await isCopied(source.textContent)) ? "Copied" : "Press Ctrl+C";
    button.removeAttribute("aria-label");
  });
}

async function isCopied(text) {
  try {
    // Not there over plain HTTP; what is selected can then be copied by hand.
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
