package dev.sluice.bridge.llama;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Fields;
import dev.sluice.runtime.SamplerStep;
import java.util.ArrayList;
import java.util.List;

/// The steps of a sampler as llama-server's `samplers` names them: in an array by name, or in a
/// text by one letter each.
final class SamplerNames {
    private SamplerNames() { }

    /// The order asked for, or llama.cpp's.
    static List<SamplerStep> read(Fields fields) {
        Object given = fields.any("samplers").orElse("");
        if (given.equals("")) {
            return SamplerStep.LLAMA_CPP_ORDER;
        }
        var steps = new ArrayList<SamplerStep>();
        if (given instanceof String letters) {
            for (int i = 0; i < letters.length(); i++) {
                add(steps, letter(letters.charAt(i)));
            }
            return steps;
        }
        for (String name : fields.texts("samplers")) {
            add(steps, named(name));
        }
        return steps;
    }

    private static void add(List<SamplerStep> steps, SamplerStep step) {
        if (steps.contains(step)) {
            throw ApiException.invalid("samplers", "samplers: '" + name(step) + "' comes twice");
        }
        steps.add(step);
    }

    static String name(SamplerStep step) {
        return switch (step) {
            case PENALTIES -> "penalties";
            case DRY -> "dry";
            case TEMPERATURE -> "temperature";
            case TOP_N_SIGMA -> "top_n_sigma";
            case MIN_P -> "min_p";
            case TOP_K -> "top_k";
            case TYPICAL_P -> "typ_p";
            case TOP_P -> "top_p";
            case XTC -> "xtc";
        };
    }

    private static SamplerStep named(String name) {
        String known = name.equals("typical_p") ? "typ_p" : name;
        for (SamplerStep step : SamplerStep.values()) {
            if (name(step).equals(known)) {
                return step;
            }
        }
        throw ApiException.invalid("samplers",
                "samplers: '%s' is not supported; there are %s".formatted(
                        name, names(SamplerStep.LLAMA_CPP_ORDER)));
    }

    private static SamplerStep letter(char letter) {
        return switch (letter) {
            case 'e' -> SamplerStep.PENALTIES;
            case 'd' -> SamplerStep.DRY;
            case 't' -> SamplerStep.TEMPERATURE;
            case 's' -> SamplerStep.TOP_N_SIGMA;
            case 'm' -> SamplerStep.MIN_P;
            case 'k' -> SamplerStep.TOP_K;
            case 'y' -> SamplerStep.TYPICAL_P;
            case 'p' -> SamplerStep.TOP_P;
            case 'x' -> SamplerStep.XTC;
            default -> throw ApiException.invalid("samplers",
                    "samplers: '" + letter + "' is none of the letters edskypmxt");
        };
    }

    static List<String> names(List<SamplerStep> steps) {
        var names = new ArrayList<String>();
        for (SamplerStep step : steps) {
            names.add(name(step));
        }
        return names;
    }
}
