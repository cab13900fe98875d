namespace AdaLoRA.Gen;

/// <summary>Which of the two published forms of the algorithm a run follows; they differ in the order of a step and in the regulariser.</summary>
public enum Fidelity
{
    /// <summary>
    /// What the paper's own code and Hugging Face PEFT do: triplets are scored after the optimizer's update (new weights × the gradients just used),
    /// and the regulariser is the mean over the 2N factors of ‖F Fᵀ − I‖_F, not squared.
    /// </summary>
    Reference,

    /// <summary>Algorithm 1 and eq. 4 as printed: scored before the update; the regulariser is the sum over the matrices of the squared norms.</summary>
    Paper,
}
