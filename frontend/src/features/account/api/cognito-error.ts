import { ApiError } from "@/shared/api/api-error";

/** A refusal by Cognito: its own code for the page's logic, our words for the person. */
export class CognitoError extends ApiError {
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(status, wordsFor(code, message));
    this.name = "CognitoError";
    this.code = code;
  }
}

const tooOften = { title: "That was too often in a short time", detail: "Please wait a few minutes and try again." };

function wordsFor(code: string, message: string): { title: string; detail?: string } {
  switch (code) {
    case "UsernameExistsException":
    case "AliasExistsException":
      return { title: "There is already an account with this e-mail address", detail: "Log in instead, or use another address." };
    case "InvalidPasswordException":
      return { title: "This password is not strong enough", detail: passwordDetail(message) };
    case "NotAuthorizedException":
    case "UserNotFoundException":
      // This code has several meanings, and only the message tells them apart.
      if (message.includes("status is CONFIRMED")) return { title: "This address is confirmed already", detail: "You can log in." };
      if (message.includes("attempts exceeded")) return tooOften;
      // One answer for both: whether an address has an account is nobody's business.
      return { title: "E-mail address or password is wrong", detail: "Please check both and try again." };
    case "UserNotConfirmedException":
      return { title: "Your e-mail address is not confirmed yet", detail: "Enter the code that we sent you." };
    case "CodeMismatchException":
      return { title: "This code is not right", detail: "Please check the newest e-mail from us, or ask for a new code." };
    case "ExpiredCodeException":
      return { title: "This code has expired", detail: "Ask for a new code and enter that one." };
    case "PasswordResetRequiredException":
      return { title: "Your password has to be reset", detail: "Please write to us, we will help you." };
    case "LimitExceededException":
    case "TooManyRequestsException":
    case "TooManyFailedAttemptsException":
      return tooOften;
    case "CodeDeliveryFailureException":
      return { title: "We could not send the e-mail", detail: "Please check the address and try again." };
    case "InvalidParameterException":
    case "UserLambdaValidationException":
      return { title: "Please check what you entered", detail: message };
    default:
      return { title: "This did not work", detail: "Please try again in a moment." };
  }
}

/** Cognito says `Password did not conform with policy: Password must have uppercase characters`. */
function passwordDetail(message: string): string {
  const rule = /policy: (.+)$/.exec(message)?.[1];
  return rule ? `${rule.replace(/\.$/, "")}.` : "Please choose a longer one with upper and lower case letters and digits.";
}
