package dev.byline.http.metrics;

/** Estimates quantiles of a histogram. */
final class Quantiles {
    private Quantiles() {}

    /**
     * Interpolates linearly within the bucket that holds the quantile, as Prometheus' {@code histogram_quantile} does.
     *
     * @param quantile 0 to 1
     * @param bounds the upper bounds of all buckets but the last, ascending
     * @param cumulative the number of values up to each bound, and of all values at the end
     * @return the highest bound if the quantile is beyond it; NaN without values
     */
    static double of(double quantile, double[] bounds, double[] cumulative) {
        var all = cumulative[cumulative.length - 1];
        if (all <= 0) {
            return Double.NaN;
        }
        var rank = quantile * all;
        for (int i = 0; i < bounds.length; i++) {
            if (cumulative[i] >= rank) {
                var start = i == 0 ? 0 : bounds[i - 1];
                var below = i == 0 ? 0 : cumulative[i - 1];
                var inside = cumulative[i] - below;
                return inside == 0 ? bounds[i] : start + (bounds[i] - start) * (rank - below) / inside;
            }
        }
        return bounds[bounds.length - 1];
    }
}
