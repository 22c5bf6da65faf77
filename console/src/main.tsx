import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { goToSignIn, isSignedOut } from "./api/session";
import { queries, router } from "./app/router";
import { applyTheme } from "./app/theme";
import "./styles/index.css";
import { loadTexts } from "./text/text";

applyTheme();

// A session can end at any request.
queries.getQueryCache().subscribe((event) => {
  if (event.type === "updated" && event.action.type === "error" && isSignedOut(event.action.error)) {
    goToSignIn();
  }
});

const root = document.querySelector("#root");
if (root) {
  await loadTexts();
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
}
