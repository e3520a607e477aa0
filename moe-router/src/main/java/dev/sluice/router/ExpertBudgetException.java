package dev.sluice.router;

/// A budget that holds fewer experts than one token needs: says how much it is and how much it
/// must be.
public final class ExpertBudgetException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public ExpertBudgetException(String message) {
        super(message);
    }
}
