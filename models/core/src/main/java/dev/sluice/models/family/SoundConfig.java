package dev.sluice.models.family;

import dev.sluice.models.MalformedModelException;
import dev.sluice.models.ModelConfig;
import java.nio.file.Path;

/// The relations between a config's numbers that every forward pass relies on. Files are not
/// trusted: what is wrong here would be a wrong shape, or a huge allocation, later.
final class SoundConfig {
    /// Above every released model by a wide margin, and small enough that products fit an int.
    private static final int WIDTH_MAX = 1 << 20;
    private static final int HEADS_MAX = 1 << 12;
    private static final int HEAD_DIM_MAX = 1 << 13;
    private static final int CONTEXT_MAX = 1 << 28;

    private final Path path;

    private SoundConfig(Path path) {
        this.path = path;
    }

    /// Throws [MalformedModelException] for the first number that can not be.
    static void require(Path path, Family family, ModelConfig config) {
        var check = new SoundConfig(path);
        if (family.needsExperts() && config.experts().experts() == 0) {
            throw check.malformed("a model of family '" + family.architecture()
                    + "' without experts");
        }
        if (family.needsLatent() && config.latent().kvRank() == 0) {
            throw check.malformed("a model of family '" + family.architecture()
                    + "' without latent attention");
        }
        check.range("hidden size", config.hidden(), 1, WIDTH_MAX);
        check.range("feed-forward size", config.feedForward(),
                config.experts().experts() > 0 ? 0 : 1, WIDTH_MAX);
        check.range("vocabulary", config.vocab(), 1, 1 << 24);
        check.range("context length", config.contextLength(), 1, CONTEXT_MAX);
        check.attention(config);
        check.experts(config.experts());
        check.latent(config.latent());
        if (!(config.normEpsilon() >= 0 && config.normEpsilon() < 1)) {
            throw check.malformed("the norms' epsilon is " + config.normEpsilon());
        }
    }

    private void attention(ModelConfig config) {
        ModelConfig.AttentionConfig a = config.attention();
        range("heads", a.heads(), 1, HEADS_MAX);
        range("KV heads", a.kvHeads(), 1, a.heads());
        if (a.heads() % a.kvHeads() != 0) {
            throw malformed("%d heads over %d KV heads".formatted(a.heads(), a.kvHeads()));
        }
        range("key length", a.keyDim(), 1, HEAD_DIM_MAX);
        range("value length", a.valueDim(), 1, HEAD_DIM_MAX);
        range("sliding window", a.window(), 0, CONTEXT_MAX);
        int rotated = config.latent().kvRank() > 0 ? config.latent().ropeDim() : a.keyDim();
        range("rotated elements", config.rope().dims(), 2, rotated);
        if (config.rope().dims() % 2 != 0) {
            throw malformed("an odd number of rotated elements: " + config.rope().dims());
        }
        if (!(config.rope().base() > 0) || !(config.rope().localBase() > 0)) {
            throw malformed("a rotary base of %s, %s".formatted(
                    config.rope().base(), config.rope().localBase()));
        }
    }

    private void experts(ModelConfig.ExpertConfig e) {
        if (e.experts() == 0) {
            return;
        }
        range("experts", e.experts(), 1, 1024);
        range("experts used", e.topK(), 1, e.experts());
        range("expert size", e.hidden(), 1, WIDTH_MAX);
        range("shared expert size", e.sharedHidden(), 0, WIDTH_MAX);
        range("expert groups", e.groups(), 1, e.experts());
        range("expert groups used", e.groupsKept(), 1, e.groups());
        if (e.experts() % e.groups() != 0
                || e.groupsKept() * (e.experts() / e.groups()) < e.topK()) {
            throw malformed("%d of %d groups of %d experts can not give %d".formatted(
                    e.groupsKept(), e.groups(), e.experts(), e.topK()));
        }
    }

    private void latent(ModelConfig.LatentConfig l) {
        if (l.kvRank() == 0) {
            return;
        }
        range("latent rank", l.kvRank(), 1, WIDTH_MAX);
        range("query rank", l.queryRank(), 0, WIDTH_MAX);
        range("unrotated part of a head", l.nopeDim(), 1, HEAD_DIM_MAX);
        range("rotated part of a head", l.ropeDim(), 2, HEAD_DIM_MAX);
        range("value length", l.valueDim(), 1, HEAD_DIM_MAX);
    }

    private void range(String what, int value, int least, int most) {
        if (value < least || value > most) {
            throw malformed("%s is %d, must be %d to %d".formatted(what, value, least, most));
        }
    }

    private MalformedModelException malformed(String reason) {
        return new MalformedModelException(path, reason);
    }
}
