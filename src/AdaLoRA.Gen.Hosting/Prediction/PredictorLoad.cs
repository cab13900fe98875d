namespace AdaLoRA.Gen.Hosting;

/// <summary>How much a predictor has to do and has done, in requests.</summary>
/// <param name="Waiting">In the queue.</param>
/// <param name="Running">Computed at this moment; a batch counts as all its requests.</param>
/// <param name="Completed">Answered.</param>
/// <param name="Failed">Whose forward threw.</param>
/// <param name="Canceled">Taken out of the queue by their callers.</param>
/// <param name="Refused">That found the queue full, or the predictor stopping.</param>
public readonly record struct PredictorLoad(int Waiting, int Running, long Completed, long Failed, long Canceled, long Refused);
