import { CircleAlert, CircleCheck } from "lucide-react";
import { createContext, use, useCallback, useEffect, useMemo, useState, type ReactNode } from "react";
import { t } from "../text/text";
import { Icon } from "./icon";

interface Toast {
  readonly text: string;
  readonly isBad?: boolean;
  readonly undo?: () => void;
}

const Toasts = createContext<(toast: Toast) => void>(() => undefined);

/** Says what was done, for eight seconds. */
export function useToast(): (toast: Toast) => void {
  return use(Toasts);
}

export function ToastArea({ children }: { children: ReactNode }) {
  const [toast, setToast] = useState<Toast>();
  const [isHeld, setIsHeld] = useState(false);
  useEffect(() => {
    if (!toast || isHeld) return undefined;
    const timer = setTimeout(() => setToast(undefined), 8_000);
    return () => clearTimeout(timer);
  }, [toast, isHeld]);
  const show = useCallback((shown: Toast) => setToast(shown), []);
  const area = useMemo(() => show, [show]);
  return (
    <Toasts value={area}>
      {children}
      <div className="toasts" role="status">
        {toast ? (
          <div
            className="toast"
            onPointerEnter={() => setIsHeld(true)}
            onPointerLeave={() => setIsHeld(false)}
            onFocus={() => setIsHeld(true)}
            onBlur={() => setIsHeld(false)}
          >
            <Icon of={toast.isBad ? CircleAlert : CircleCheck} className={toast.isBad ? "bad" : "good"} />
            <span>{toast.text}</span>
            {toast.undo ? (
              <button
                className="btn quiet sm"
                type="button"
                onClick={() => {
                  toast.undo?.();
                  setToast(undefined);
                }}
              >
                {t("action.undo")}
              </button>
            ) : null}
          </div>
        ) : null}
      </div>
    </Toasts>
  );
}
