import { useEffect } from "react";
import { useViewer } from "./context";

/** Names the page in the window: first what it is, then where. */
export function useTitle(name: string): void {
  const { tenantName } = useViewer();
  useEffect(() => {
    document.title = [name, tenantName === "0" ? "" : tenantName, "Acta"].filter(Boolean).join(" – ");
  }, [name, tenantName]);
}
